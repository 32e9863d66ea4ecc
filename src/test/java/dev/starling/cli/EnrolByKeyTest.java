package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.TestCa;
import dev.starling.ca.registration.Limits;
import dev.starling.identity.Anchor;
import dev.starling.identity.Keys;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// `starling ca eab` and `starling enrol --eab-file`, at a CA with accounts for its own people only.
class EnrolByKeyTest {
    @TempDir
    Path folder;

    private TestCa ca;
    private Path key, held;
    private String said = "";

    @BeforeEach
    void start() throws Exception {
        ca = TestCa.binding(Files.createDirectory(folder.resolve("ca")), true, Limits.LOCAL);
        key = folder.resolve("eab.txt");
        held = folder.resolve("bob.p12");
    }

    @AfterEach
    void stop() throws Exception {
        ca.close();
    }

    /// What a person types who reads the mail only when asked for its code.
    private InputStream typing() {
        return new InputStream() {
            private Optional<InputStream> line = Optional.empty();

            private InputStream line() {
                if (line.isEmpty()) {
                    String code = ca.letters.last().code() + "\n";
                    line = Optional.of(new ByteArrayInputStream(code.getBytes(StandardCharsets.US_ASCII)));
                }
                return line.get();
            }

            @Override
            public int read() throws IOException {
                return line().read();
            }

            @Override
            public int read(byte[] into, int at, int most) throws IOException {
                return line().read(into, at, most);
            }
        };
    }

    private int run(Object command, InputStream typed, String... words) {
        PrintStream out = System.out;
        InputStream in = System.in;
        var bytes = new ByteArrayOutputStream();
        var errors = new StringWriter();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        System.setIn(typed);
        try {
            return new CommandLine(command)
                    .setErr(new PrintWriter(errors))
                    .setExecutionExceptionHandler((e, _, _) -> {
                        errors.write(String.valueOf(e.getMessage()));
                        return 1;
                    })
                    .execute(words);
        } finally {
            System.setOut(out);
            System.setIn(in);
            said = bytes.toString(StandardCharsets.UTF_8) + errors;
        }
    }

    private int enrol(String... more) throws Exception {
        Path anchor = Files.writeString(
                folder.resolve("anchor.pem"), Anchor.of(ca.issuer.root()).text());
        var words = new java.util.ArrayList<>(java.util.List.of("bob@example.net", "--out", held.toString()));
        words.addAll(java.util.List.of("--ca", ca.directory().toString(), "--anchor", anchor.toString()));
        words.addAll(java.util.List.of(more));
        return run(new EnrolCommand(), typing(), words.toArray(String[]::new));
    }

    @Test
    void whatTheOperatorPrintsIsTheFileThatThePersonNames() throws Exception {
        assertEquals(1, enrol());
        assertTrue(
                said.endsWith("got a key from its operator. Ask there for one, and name its file: --eab-file FILE."),
                said);
        String data = folder.resolve("ca").toString();
        assertEquals(0, run(new CaEabCommand(), InputStream.nullInputStream(), "Bob in sales", "--data", data), said);
        Files.writeString(key, said);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        assertEquals(0, enrol("--eab-file", key.toString()), said);
        assertTrue(said.contains("Certified until"), said);
        assertEquals(2, Keys.load(held).chain().size());
        // The next time without it.
        assertEquals(0, enrol("--renew"), said);
        // Nor does what is kept have it.
        String mac = Files.readAllLines(key).get(1).replace("HMAC key ", "");
        for (String each : new String[] {"bob.p12.account", "bob.p12.password"})
            assertFalse(Files.readString(folder.resolve(each)).contains(mac), each);
    }

    @Test
    void aFileWithSomethingElseIsNamedAndItsWordsAreNot() throws Exception {
        Files.writeString(key, "secret of another kind");
        assertEquals(1, enrol("--eab-file", key.toString()));
        assertTrue(said.contains(key + ": That is no key for an account"), said);
        assertFalse(said.contains("secret of"), said);
        assertEquals(1, enrol("--eab-file", folder.resolve("none").toString()));
        assertTrue(said.contains("there is no file with a secret"), said);
    }
}
