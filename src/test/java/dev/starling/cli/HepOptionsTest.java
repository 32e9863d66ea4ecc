package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `peer --hep` and what belongs to it.
class HepOptionsTest {
    @TempDir
    Path folder;

    private final HepOptions options = new HepOptions();

    @Test
    void nothingIsExportedUnasked() throws IOException {
        assertTrue(options.config().isEmpty());
        options.password = Optional.of(folder.resolve("key"));
        assertThrows(IOException.class, options::config);
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1:9061, 127.0.0.1, 9061",
        "127.0.0.1, 127.0.0.1, 9060",
        "[::1]:1, ::1, 1",
        "[::1], ::1, 9060",
        "localhost:65535, localhost, 65535"
    })
    void aCollectorIsHostAndPort(String said, String host, int port) throws IOException {
        options.collector = said;
        assertEquals(
                new InetSocketAddress(host, port),
                options.config().orElseThrow().collector());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a:0", "a:65536", "a:b", "::1:9060", "udp:127.0.0.1:9060", "a/b", ":9060", "[::1]9060"})
    void anythingElseIsRefused(String said) {
        options.collector = said;
        assertThrows(IOException.class, options::config);
    }

    @Test
    void theIdHasThirtyTwoBits() throws IOException {
        options.collector = "127.0.0.1";
        options.id = 0xffff_ffffL;
        assertEquals(0xffff_ffffL, options.config().orElseThrow().agent());
        for (long wrong : new long[] {-1, 0x1_0000_0000L}) {
            options.id = wrong;
            assertThrows(IOException.class, options::config);
        }
    }

    @Test
    void thePasswordIsWhatStandsInItsFile() throws IOException {
        Path file = folder.resolve("key");
        options.collector = "127.0.0.1";
        options.password = Optional.of(file);
        assertThrows(IOException.class, options::config, "no file");
        Files.writeString(file, "myhep\n");
        assertEquals("myhep", new String(options.config().orElseThrow().key(), StandardCharsets.UTF_8));
        for (String wrong : new String[] {"\n", "x".repeat(257)}) {
            Files.writeString(file, wrong);
            assertThrows(IOException.class, options::config);
        }
    }
}
