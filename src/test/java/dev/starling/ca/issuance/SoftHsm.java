package dev.starling.ca.issuance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/// Debian's SoftHSM 2 with a token in a folder of the test. Its library reads where that is from the environment, which
/// a test cannot set for its own process: so the CA runs in one of its own.
final class SoftHsm {
    static final String PIN = "73550861";
    private static final List<Path> LIBRARIES = List.of(
            Path.of("/usr/lib/softhsm/libsofthsm2.so"), Path.of("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"));

    final Path config, pin;
    private final Path settings;

    SoftHsm(Path folder) throws Exception {
        var library = LIBRARIES.stream().filter(Files::exists).findFirst();
        Assumptions.assumeTrue(library.isPresent(), "SoftHSM is not installed (apt-get install softhsm2)");
        Path tokens = Files.createDirectories(folder.resolve("tokens"));
        settings = Files.writeString(
                folder.resolve("softhsm2.conf"),
                "directories.tokendir = " + tokens + "\nobjectstore.backend = file\nlog.level = ERROR\n");
        config = Files.writeString(
                folder.resolve("pkcs11.cfg"), "name = starling\nlibrary = " + library.get() + "\nslotListIndex = 0\n");
        pin = Files.writeString(folder.resolve("pin"), PIN + "\n");
        var made =
                run("softhsm2-util", "--init-token", "--free", "--label", "ca", "--pin", PIN, "--so-pin", "12345678");
        if (made.exit() != 0) throw new IOException(made.text());
    }

    Ceremony.Said run(String... command) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("SOFTHSM2_CONF", settings.toString());
        var process = builder.start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ceremony.Said(process.waitFor(), text);
    }

    /// `main` of a class of the tests, in a Java of its own.
    Ceremony.Said java(Class<?> type, String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(
                List.of(program(), "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), type.getName()));
        command.addAll(List.of(arguments));
        return run(command.toArray(String[]::new));
    }

    private static String program() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }
}
