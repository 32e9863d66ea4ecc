package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/// The configuration file of a server, and the one that is shipped: every option of `starling peer` is in it.
class ConfigFileTest {
    private static final Path SHIPPED = Path.of("dist/starling.conf");
    private static final Pattern KEY = Pattern.compile("(#?)([a-z][a-z0-9-]*) = (.+)");

    @TempDir
    Path folder;

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("starling.conf"), text);
    }

    private PeerCommand parsed(String text, String... more) throws IOException {
        var command = new PeerCommand();
        var line = new CommandLine(command);
        var words = new ArrayList<>(List.of("--config", file(text).toString()));
        words.addAll(List.of(more));
        line.parseArgs(ConfigFile.expand(line, words).toArray(String[]::new));
        return command;
    }

    private String refused(String text) throws IOException {
        var e = assertThrows(ConfigFile.Wrong.class, () -> parsed(text));
        return String.valueOf(e.getMessage()).replace(folder + "/starling.conf, ", "");
    }

    @Test
    void eachOptionIsAKeyAndMayBeRepeatedWhereTheOptionMay() throws Exception {
        var command = parsed("""
                # a comment
                domain = peer.example.net

                  port=8443
                anchor = /etc/one.pem
                anchor = /etc/two.pem
                behind-proxy = true
                operator-note = Rests on Sundays = "sleeps" # not a comment
                """);
        assertEquals("peer.example.net", command.reached.domain);
        assertEquals(8443, command.options.port);
        assertEquals(List.of(Path.of("/etc/one.pem"), Path.of("/etc/two.pem")), command.anchors);
        assertTrue(command.reached.behindProxy);
        assertEquals("Rests on Sundays = \"sleeps\" # not a comment", command.operator.note);
    }

    @Test
    void theCommandLineCountsMore() throws Exception {
        var command = parsed(
                "port = 1\nanchor = a.pem\nbehind-proxy = false\nlog-level = error\n",
                "--port",
                "2",
                "--anchor=b.pem",
                "--behind-proxy");
        assertEquals(2, command.options.port);
        assertEquals(List.of(Path.of("b.pem")), command.anchors);
        assertTrue(command.reached.behindProxy);
        assertEquals(System.Logger.Level.ERROR, command.log.level);
    }

    @Test
    void whatIsWrongIsSaidWithItsLine() throws Exception {
        assertEquals("line 2: there is no key domian", refused("# one\ndomian = peer.example.net\n"));
        assertTrue(refused("\n\nport = many\n").startsWith("line 3: Invalid value for option '--port'"));
        assertTrue(refused("local = perhaps\n").startsWith("line 1: "));
        assertTrue(refused("log-level = loud\n").contains("none of error, warning, info, debug, trace"));
        assertEquals("line 2: port stands in line 1 already", refused("port = 1\nport = 2\n"));
        assertTrue(refused("port\n").startsWith("line 1: not \"key = value\""));
        assertTrue(refused("--port = 1\n").startsWith("line 1: not \"key = value\""));
        assertTrue(refused("domain =\n").contains("has no value"));
        assertTrue(refused("domain = \"peer.example.net\"\n").contains("without quotation marks"));
        assertTrue(refused("operator-name = a\u0007b\n").contains("control character"));
        for (String key : new String[] {"config", "help", "version"})
            assertEquals("line 1: there is no key " + key, refused(key + " = true\n"));
    }

    @Test
    void secretsHaveFilesOfTheirOwnAndAreNeverRepeated() throws Exception {
        for (String key : new String[] {"join-token", "relay-secret"}) {
            String why = refused(key + " = hunter2hunter2hunter2\n");
            assertTrue(why.contains(key + "-file"), why);
            assertTrue(!why.contains("hunter2"), why);
        }
    }

    @Test
    void aFileThatIsNoneIsRefused() throws Exception {
        var line = new CommandLine(new PeerCommand());
        var none = List.of("--config", folder.resolve("none").toString());
        assertTrue(String.valueOf(assertThrows(ConfigFile.Wrong.class, () -> ConfigFile.expand(line, none))
                        .getMessage())
                .contains("NoSuchFile"));
        assertTrue(refused("#".repeat(70_000)).contains("at most"));
        Files.write(folder.resolve("latin"), "operator-name = J\u00f6rg".getBytes(StandardCharsets.ISO_8859_1));
        assertThrows(ConfigFile.Wrong.class, () -> ConfigFile.read(folder.resolve("latin")));
    }

    @Test
    void aComplaintThatComesLaterIsGivenItsLineToo() throws Exception {
        var config = ConfigFile.read(file("relay-port = 3478\nrelay-ports = 5-6\ndns = a b\nport = 443\n"));
        assertEquals(3, lineOf(config, "not host:port: a b"));
        assertEquals(2, lineOf(config, "--relay-ports: no range"));
        var elsewhere = new IOException("cannot listen: Permission denied");
        assertEquals(elsewhere, config.located(elsewhere));
    }

    private static int lineOf(ConfigFile config, String complaint) {
        var wrong = assertInstanceOf(ConfigFile.Wrong.class, config.located(new IOException(complaint)));
        var line = Pattern.compile(", line (\\d+): ").matcher(String.valueOf(wrong.getMessage()));
        assertTrue(line.find(), wrong::getMessage);
        return Integer.parseInt(line.group(1));
    }

    @Test
    void withoutANameToBeReachedAtItDoesNotStartAndSaysWhatToSet() throws Exception {
        var command = parsed("data = " + folder + "\n");
        var e = assertThrows(ConfigFile.Wrong.class, command::call);
        assertTrue(String.valueOf(e.getMessage()).contains("Set domain"), e::getMessage);
    }

    @Test
    void theShippedFileHasEveryOptionOfAServerAndNoOther() throws Exception {
        var options = new TreeSet<String>();
        for (OptionSpec each :
                new CommandLine(new PeerCommand()).getCommandSpec().options())
            if (!ConfigFile.NO_KEYS.contains(each.longestName()))
                options.add(each.longestName().substring(2));
        var keys = new TreeSet<String>();
        for (String line : Files.readAllLines(SHIPPED)) {
            var key = KEY.matcher(line);
            if (key.matches()) assertTrue(keys.add(key.group(2)), "twice: " + key.group(2));
        }
        var missing = new TreeSet<>(options);
        missing.removeAll(keys);
        assertEquals(List.of(), List.copyOf(missing), "options of `peer` that " + SHIPPED + " does not describe");
        keys.removeAll(options);
        assertEquals(List.of(), List.copyOf(keys), "keys of " + SHIPPED + " that are no option of `peer`");
    }

    @Test
    void theShippedFileSaysWhatEachKeyIsForAndItsDefault() throws Exception {
        var spec = new CommandLine(new PeerCommand()).getCommandSpec();
        boolean described = false;
        for (String line : Files.readAllLines(SHIPPED)) {
            var key = KEY.matcher(line);
            if (key.matches()) {
                assertTrue(described, "not described: " + line);
                var option = spec.findOption("--" + key.group(2));
                String usual = option.defaultValue() == null ? "" : option.defaultValue();
                // 0 and -1 stand for something that depends on other options.
                if (!usual.isEmpty() && !usual.equals("0") && !usual.equals("-1"))
                    assertEquals(usual, key.group(3), line);
            } else described = line.startsWith("# ") || described && !line.isEmpty();
        }
    }

    @Test
    void theShippedFileCanBeReadAsItIsAndWithEveryExampleInForce() throws Exception {
        String shipped = Files.readString(SHIPPED);
        assertEquals(Path.of("/var/lib/starling"), parsed(shipped).options.data.orElseThrow());
        var all = parsed(shipped.replaceAll("(?m)^#(?=[a-z])", ""));
        assertEquals("peer.example.net", all.reached.domain);
        assertEquals("Example Club", all.operator.name);
    }
}
