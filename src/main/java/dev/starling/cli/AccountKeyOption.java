package dev.starling.cli;

import dev.starling.enrol.EnrolmentException;
import dev.starling.enrol.ExternalKey;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/// The key for an account at a CA that makes accounts only for those to whom its operator gave one.
final class AccountKeyOption {
    private static final String NAME = "--eab-file";

    @Option(
            names = NAME,
            paramLabel = "FILE",
            description = "File with the key for an account that the operator of the CA gave you, as `starling ca eab`"
                    + " prints it. Only some CAs want one, and only the first time.")
    Optional<Path> file = Optional.empty();

    Optional<ExternalKey> key() throws IOException {
        return read(file);
    }

    /// Why there is no certificate; where a key is missing, also by which option it is given.
    static String words(EnrolmentException e, String option) {
        boolean missing = e.reason() == EnrolmentException.Reason.NEEDS_KEY;
        return e.detail() + (missing ? " Ask there for one, and name its file: " + option + " FILE." : "");
    }

    static String words(EnrolmentException e) {
        return words(e, NAME);
    }

    static Optional<ExternalKey> read(Optional<Path> file) throws IOException {
        if (file.isEmpty()) return Optional.empty();
        try {
            return Optional.of(ExternalKey.parse(SecretFile.read(file.get())));
        } catch (IOException e) {
            throw new IOException(file.get() + ": " + e.getMessage(), e);
        }
    }
}
