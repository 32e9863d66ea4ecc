package dev.starling.trace.hep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.FreePort;
import dev.starling.sip.transport.Tap;
import dev.starling.trace.Passing;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The export with other people's collectors: sngrep and Kamailio's sipcapture, as Debian has them.
class CollectorsTest {
    private static final int PATIENCE_SECONDS = 60, AGAIN_MILLIS = 200;

    @TempDir
    Path folder;

    private final Tap tap = new Tap();

    private static Path program(String name, String packageName) {
        return Arrays.stream((System.getenv("PATH") + ":/usr/sbin").split(File.pathSeparator))
                .map(place -> Path.of(place, name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseGet(() ->
                        Assumptions.abort(name + " is not installed (RUNLEVEL=1 apt-get install " + packageName + ")"));
    }

    private interface Told {
        boolean is(String said);
    }

    /// Exports one message, again and again until the collector says that it has it: UDP does not tell whether it
    /// listens yet. What it said.
    private String collect(int port, List<String> command, Told told) throws Exception {
        Path said = folder.resolve("said");
        var process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        var passed = Passing.options(5);
        var collector = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        try (var _ = HepExport.start(tap, new HepExport.Config(collector, 2001, new byte[0]))) {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (!told.is(text(said))) {
                assertTrue(System.nanoTime() < end, () -> "not within a minute");
                assertTrue(process.isAlive(), "it ended");
                tap.in(passed.ends(), passed.bytes());
                TimeUnit.MILLISECONDS.sleep(AGAIN_MILLIS);
            }
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + ": " + text(said), e);
        } finally {
            process.destroy();
            assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "it ends");
        }
        return text(said);
    }

    private static String text(Path file) throws IOException {
        return Files.readString(file, StandardCharsets.ISO_8859_1);
    }

    @Test
    void sngrepKeepsWhatItIsSent() throws Exception {
        int port = FreePort.next();
        String program = program("sngrep", "sngrep").toString();
        var command = List.of(program, "-F", "-N", "-L", "udp:127.0.0.1:" + port, "-O", "kept.pcap");
        collect(port, command, said -> said.contains("Dialog count: 1"));
        String kept = text(folder.resolve("kept.pcap"));
        assertTrue(kept.contains("OPTIONS sip:peer.example.net SIP/2.0\r\n"), kept);
        assertTrue(kept.contains("Call-ID: options@example.net\r\n"), kept);
        assertTrue(kept.contains("Authorization: xxxxxx xx"), kept);
        assertFalse(kept.contains("do not tell"), kept);
        // The addresses of the message, not of the export: in the IP header of the packet that it wrote.
        assertTrue(kept.contains("\u00c63d\u0007\u00c0\u0000\u0002\t"), "198.51.100.7, 192.0.2.9");
    }

    @Test
    void kamailioReadsWhatItIsSent() throws Exception {
        String program = program("kamailio", "kamailio").toString();
        int port = FreePort.next();
        Path modules = modules();
        Files.createDirectory(folder.resolve("db"));
        Files.writeString(folder.resolve("kamailio.cfg"), """
                debug=1
                log_stderror=yes
                children=1
                disable_tcp=yes
                listen=udp:127.0.0.1:%d
                mpath="%s/"
                loadmodule "pv.so"
                loadmodule "xlog.so"
                loadmodule "db_text.so"
                loadmodule "sipcapture.so"
                modparam("sipcapture", "db_url", "text://%s")
                modparam("sipcapture", "capture_on", 1)
                modparam("sipcapture", "hep_capture_on", 1)
                request_route {
                    xlog("L_ERR", "seen $rm $ci of $si:$sp, $hdr(Authorization)\\n");
                    drop;
                }
                """.formatted(port, modules, folder.resolve("db")));
        var command =
                List.of(program, "-f", "kamailio.cfg", "-DD", "-E", "-Y", folder.toString(), "-m", "32", "-M", "8");
        String said = collect(port, command, text -> text.contains("seen OPTIONS"));
        assertTrue(said.contains("seen OPTIONS options@example.net of 198.51.100.7:5000, xxxxxx xx"), said);
        assertEquals(-1, said.indexOf("do not tell"), said);
    }

    private static Path modules() throws IOException {
        try (var places = Files.newDirectoryStream(Path.of("/usr/lib"), "*-linux-gnu*")) {
            for (Path place : places) {
                Path modules = place.resolve("kamailio/modules");
                if (Files.exists(modules.resolve("sipcapture.so"))) return modules;
            }
        }
        return Assumptions.abort("kamailio has no sipcapture");
    }
}
