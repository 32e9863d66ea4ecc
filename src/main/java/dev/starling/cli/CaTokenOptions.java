package dev.starling.cli;

import dev.starling.ca.issuance.Token;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/// Where the issuing key is when it is not in a file.
final class CaTokenOptions {
    @Option(
            names = "--issuing-pkcs11",
            paramLabel = "CONFIG",
            description = "The issuing key is in a token (PKCS#11): a configuration of Java's SunPKCS11 with name,"
                    + " library, and slot or slotListIndex. Needs --pin-file.")
    Optional<Path> config = Optional.empty();

    @Option(names = "--pin-file", paramLabel = "FILE", description = "With the token's PIN.")
    Optional<Path> pin = Optional.empty();

    Optional<Token> open() throws IOException {
        if (config.isEmpty() && pin.isEmpty()) return Optional.empty();
        if (config.isEmpty() || pin.isEmpty()) throw new IOException("--issuing-pkcs11 and --pin-file go together.");
        return Optional.of(Token.open(config.get(), SecretFile.read(pin.get()).toCharArray()));
    }
}
