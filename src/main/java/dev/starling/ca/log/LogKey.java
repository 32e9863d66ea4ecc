package dev.starling.ca.log;

import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Session;
import dev.starling.ca.store.ShownTable.Shown;
import dev.starling.identity.Keys;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/// The log's key and its name, which stay for good: two lines in a file that only its owner can read, beside the
/// issuing key. It lay in the database once, and is taken out of there.
public final class LogKey {
    private static final String FILE = "log.key", OLD_NAME = "log-origin", OLD_SEED = "log-seed";

    private record Held(String origin, byte[] seed) {
        NoteSigner signer() {
            return NoteSigner.of(origin, NoteKey.Kind.LOG, seed);
        }
    }

    private LogKey() {}

    /// The one in `folder`; made when there is none, and no log yet.
    ///
    /// @param origin what a new log is called
    public static NoteSigner open(Path folder, CaStore store, String origin) throws IOException {
        Path file = folder.resolve(FILE);
        return store.in(session -> {
            // Of two processes with empty folders one makes it, and the other one stops.
            session.crls().alone();
            try {
                return open(file, session, origin);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static NoteSigner open(Path file, Session session, String origin) throws IOException {
        Optional<Held> old = old(session);
        if (!Files.exists(file)) write(file, old.isPresent() ? old.get() : fresh(file, session, origin));
        NoteSigner key = read(file).signer();
        if (old.isPresent() && !old.get().signer().key().equals(key.key())) throw another(file);
        // Only now that the file is there.
        session.nonces().forget(OLD_SEED);
        String text = key.key().text();
        Optional<byte[]> shown = session.shown().find(Shown.LOG_KEY);
        if (shown.isPresent() && !text.equals(new String(shown.get(), StandardCharsets.UTF_8))) throw another(file);
        session.shown().put(Shown.LOG_KEY, text.getBytes(StandardCharsets.UTF_8));
        return key;
    }

    private static Optional<Held> old(Session session) {
        Optional<byte[]> seed = session.nonces().secret(OLD_SEED);
        return session.nonces()
                .secret(OLD_NAME)
                .filter(_ -> seed.isPresent())
                .map(name -> new Held(new String(name, StandardCharsets.UTF_8), seed.orElseThrow()));
    }

    private static Held fresh(Path file, Session session, String origin) throws IOException {
        if (session.log().head().isPresent()
                || session.shown().find(Shown.LOG_KEY).isPresent())
            throw new IOException("The key of the CA's log, " + file + ", is missing. Restore it from a backup, or copy"
                    + " it from another process of this CA: nobody would believe another key.");
        if (origin.isEmpty()) throw new IOException("The log needs a name: give the CA's URL by --base.");
        return new Held(origin, NoteSigner.newSeed());
    }

    private static IOException another(Path file) {
        return new IOException("The key in " + file + " is not that of the log in the database. Restore both from the"
                + " same CA; nothing was changed.");
    }

    private static void write(Path file, Held held) throws IOException {
        String text = held.origin() + "\n" + Base64.getEncoder().encodeToString(held.seed()) + "\n";
        Keys.writeOwnerOnly(file, text.getBytes(StandardCharsets.UTF_8));
    }

    private static Held read(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        try {
            if (lines.size() == 2) {
                byte[] seed = Base64.getDecoder().decode(lines.getLast());
                if (seed.length == NoteKey.KEY_BYTES) return new Held(lines.getFirst(), seed);
            }
        } catch (IllegalArgumentException e) {
            throw damaged(file);
        }
        throw damaged(file);
    }

    private static IOException damaged(Path file) {
        return new IOException("The key " + file + " is damaged. Restore it from a backup.");
    }
}
