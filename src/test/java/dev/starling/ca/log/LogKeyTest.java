package dev.starling.ca.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.store.CaStore;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The log's key in its file, and how it came there.
class LogKeyTest {
    private static final String NAME = "ca.example/log";

    @TempDir
    Path folder;

    private CaStore store;

    @BeforeEach
    void open() throws IOException {
        store = CaStore.inFile(folder.resolve("ca.db"));
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    private Path file() {
        return folder.resolve("log.key");
    }

    /// As a CA had it before the key was a file.
    private NoteSigner old() throws IOException {
        byte[] seed = NoteSigner.newSeed();
        store.change(session -> {
            byte[] _ = session.nonces().secret("log-origin", NAME.getBytes(StandardCharsets.UTF_8));
            byte[] _ = session.nonces().secret("log-seed", seed);
        });
        return NoteSigner.of(NAME, NoteKey.Kind.LOG, seed);
    }

    private Optional<byte[]> inTheDatabase() throws IOException {
        return store.in(session -> session.nonces().secret("log-seed"));
    }

    @Test
    void aKeyInTheDatabaseMovesToItsFileAndStaysTheSame() throws Exception {
        NoteSigner before = old();
        var log = new CertificateLog(store, before);
        assertEquals(before.key(), LogKey.open(folder, store, "another name").key());
        assertEquals(Optional.empty(), inTheDatabase());
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file())));
        assertEquals(log.key(), new CertificateLog(store, LogKey.open(folder, store, "")).key());
    }

    @Test
    void aCrashBetweenTheFileAndTheDatabaseIsMadeUpFor() throws Exception {
        NoteSigner before = old();
        NoteSigner _ = LogKey.open(folder, store, NAME);
        // The file is there, and the database has not forgotten.
        store.change(session -> {
            byte[] _ = session.nonces().secret("log-seed", seedIn(file()));
        });
        assertEquals(before.key(), LogKey.open(folder, store, NAME).key());
        assertEquals(Optional.empty(), inTheDatabase());
    }

    private static byte[] seedIn(Path file) {
        try {
            return java.util.Base64.getDecoder().decode(Files.readAllLines(file).getLast());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void anotherKeyIsNeverTakenOrMade() throws Exception {
        NoteSigner _ = LogKey.open(folder, store, NAME);
        var log = new CertificateLog(store, LogKey.open(folder, store, NAME));
        String kept = Files.readString(file());
        Files.delete(file());
        var missing = assertThrows(IOException.class, () -> LogKey.open(folder, store, NAME));
        assertTrue(String.valueOf(missing.getMessage()).contains("is missing"), missing::getMessage);
        Files.writeString(file(), NAME + "\n" + "A".repeat(43) + "=\n");
        var another = assertThrows(IOException.class, () -> LogKey.open(folder, store, NAME));
        assertTrue(String.valueOf(another.getMessage()).contains("is not that of the log"), another::getMessage);
        for (String damaged : new String[] {"", "x", NAME + "\nnonsense", kept + "more"}) {
            Files.writeString(file(), damaged);
            var e = assertThrows(IOException.class, () -> LogKey.open(folder, store, NAME), damaged);
            assertTrue(String.valueOf(e.getMessage()).contains("damaged"), e::getMessage);
        }
        Files.writeString(file(), kept);
        assertEquals(log.key(), LogKey.open(folder, store, NAME).key());
    }

    @Test
    void anOldKeyBesideTheFileOfAnotherCaStopsIt() throws Exception {
        NoteSigner _ = LogKey.open(folder, store, NAME);
        NoteSigner _ = old();
        assertThrows(IOException.class, () -> LogKey.open(folder, store, NAME));
        assertTrue(inTheDatabase().isPresent());
    }
}
