package dev.starling.ca.issuance;

import dev.starling.ca.store.Alone;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/// What an issuer has signed and what does not stand in its log yet: a file each, in a folder that only it can read. No
/// signature is anywhere else before its entry is under a signed head; and whatever dies, and whatever becomes of the
/// database, the same signature with the same entry comes of it.
final class Unlogged {
    private static final int MOST = 1000;
    private static final long MAX_BYTES = 64 * 1024;
    private static final String END = ".signed";

    /// @param serial hexadecimal
    /// @param address as its entry names it
    /// @param evidence SHA-256 of what proves the address, as in the entry
    /// @param chain PEM, leaf first
    record Kept(String serial, Address address, byte[] evidence, String chain) {
        X509Certificate leaf() throws IOException {
            try {
                int end = chain.indexOf("-----END");
                return Keys.certificate(Base64.getMimeDecoder().decode(chain.substring(chain.indexOf('\n'), end)));
            } catch (IdentityException | RuntimeException e) {
                throw new IOException("what was kept of certificate " + serial + " is damaged", e);
            }
        }

        private byte[] text() {
            return (address.text() + "\n" + HexFormat.of().formatHex(evidence) + "\n" + chain)
                    .getBytes(StandardCharsets.US_ASCII);
        }
    }

    private final Path folder;

    /// @param folder is made with the first one
    Unlogged(Path folder) {
        this.folder = folder;
    }

    /// Keeps it before anything else is done with it.
    ///
    /// @return what is kept of this serial: another process may have been faster, with another signature
    Kept keep(Kept fresh) throws IOException {
        if (!Files.exists(folder)) {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            Alone.flush(Objects.requireNonNull(folder.toAbsolutePath().getParent()));
        }
        return Alone.with(folder, () -> {
            Optional<Kept> before = find(fresh.serial());
            if (before.isPresent()) return before.get();
            sweep();
            if (serials().size() >= MOST)
                throw new IOException(MOST + " certificates were signed and do not come into the log. Nothing more is"
                        + " signed until they do.");
            Keys.writeOwnerOnly(file(fresh.serial()), fresh.text());
            Alone.flush(folder);
            return fresh;
        });
    }

    // What somebody was writing who died: nothing was done with it, and nobody else writes now.
    private void sweep() throws IOException {
        for (String each : names()) if (each.startsWith(".new")) Files.deleteIfExists(folder.resolve(each));
    }

    Optional<Kept> find(String serial) throws IOException {
        // What the database says is no path.
        if (!serial.matches("[0-9a-f]{1,40}") || !Files.exists(file(serial))) return Optional.empty();
        if (Files.size(file(serial)) > MAX_BYTES) throw new IOException(file(serial) + " is damaged");
        String text = Files.readString(file(serial), StandardCharsets.US_ASCII);
        String[] lines = text.split("\n", 3);
        try {
            if (lines.length == 3)
                return Optional.of(
                        new Kept(serial, new Address(lines[0]), HexFormat.of().parseHex(lines[1]), lines[2]));
        } catch (IllegalArgumentException e) {
            throw new IOException(file(serial) + " is damaged", e);
        }
        throw new IOException(file(serial) + " is damaged");
    }

    /// Of all that are kept.
    List<String> serials() throws IOException {
        return names().stream()
                .filter(each -> each.endsWith(END))
                .map(each -> each.substring(0, each.length() - END.length()))
                .toList();
    }

    private List<String> names() throws IOException {
        if (!Files.exists(folder)) return List.of();
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(each -> String.valueOf(each.getFileName())).toList();
        }
    }

    /// Once it stands in the log and in the store.
    void forget(String serial) throws IOException {
        Files.deleteIfExists(file(serial));
    }

    private Path file(String serial) {
        return folder.resolve(serial + END);
    }
}
