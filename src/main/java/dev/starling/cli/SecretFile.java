package dev.starling.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;

/// A secret that an operator put into a file of its own, where no list of processes and no configuration shows it.
final class SecretFile {
    private static final System.Logger LOG = System.getLogger("starling.peer");
    private static final int MAX_BYTES = 4_096;

    private SecretFile() {}

    /// What is in it, without the end of its line. Warns when everybody on this computer may read it.
    ///
    /// @throws IOException it cannot be read, is empty or no secret at all; it never says what is in it
    static String read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) throw new IOException("there is no file with a secret at " + file);
        if (Files.size(file) > MAX_BYTES) throw new IOException("too long for a secret: " + file);
        var permissions = Files.getFileStore(file).supportsFileAttributeView("posix")
                ? Files.getPosixFilePermissions(file)
                : java.util.Set.of();
        if (permissions.contains(PosixFilePermission.OTHERS_READ))
            LOG.log(
                    System.Logger.Level.WARNING,
                    () -> "everybody on this computer may read the secret in " + file + ": chmod o= " + file);
        String secret = new String(Files.readAllBytes(file), StandardCharsets.UTF_8).strip();
        if (secret.isEmpty()) throw new IOException("there is no secret in " + file);
        return secret;
    }
}
