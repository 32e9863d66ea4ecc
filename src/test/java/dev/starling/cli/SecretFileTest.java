package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class SecretFileTest {
    private static final String SECRET = "correct horse battery staple";

    @TempDir
    Path folder;

    private Path file(String mode, String content) throws IOException {
        Path file = Files.writeString(folder.resolve("secret"), content);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private static List<String> warnings(Path file) throws IOException {
        var said = new ArrayList<String>();
        var handler = new Handler() {
            @Override
            public void publish(LogRecord record) {
                said.add(String.valueOf(record.getMessage()));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        var log = Logger.getLogger("starling.peer");
        log.addHandler(handler);
        try {
            assertEquals(SECRET, SecretFile.read(file));
        } finally {
            log.removeHandler(handler);
        }
        return said;
    }

    @Test
    void itIsTheFileWithoutTheEndOfItsLine() throws Exception {
        assertEquals(List.of(), warnings(file("rw-r-----", SECRET + "\n")));
    }

    @Test
    void whatEverybodyMayReadIsWarnedOf() throws Exception {
        var said = warnings(file("rw-r--r--", SECRET));
        assertEquals(1, said.size());
        assertTrue(said.getFirst().contains("chmod") && !said.getFirst().contains(SECRET), said::toString);
    }

    @Test
    void whatIsNoSecretIsRefused() throws Exception {
        assertThrows(IOException.class, () -> SecretFile.read(folder.resolve("none")));
        assertThrows(IOException.class, () -> SecretFile.read(folder));
        assertThrows(IOException.class, () -> SecretFile.read(file("rw-------", " \n")));
        assertThrows(IOException.class, () -> SecretFile.read(file("rw-------", "x".repeat(5_000))));
    }

    @Test
    void theOptionsReadIt() throws Exception {
        String path = file("rw-------", SECRET).toString();
        var options = new PeerOptions();
        new CommandLine(options).parseArgs("--join-token-file", path);
        assertEquals(SECRET, options.joinToken());
        var relay = new RelayOptions();
        new CommandLine(relay).parseArgs("--relay", "turn:a.example", "--relay-secret-file", path);
        assertEquals(new RelayChoice.Other(List.of("turn:a.example"), SECRET), relay.ofPublic());
    }
}
