package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.AcmeCaller;
import dev.starling.ca.CertificateAuthority;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.Session;
import picocli.CommandLine;

/// `starling ca eab`, beside a CA that runs.
class CaEabCommandTest {
    @TempDir
    Path folder;

    private String said = "";

    private int run(String... words) {
        PrintStream before = System.out;
        var bytes = new ByteArrayOutputStream();
        var errors = new StringWriter();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            return new CommandLine(new CaEabCommand())
                    .setErr(new PrintWriter(errors))
                    .execute(words);
        } finally {
            System.setOut(before);
            said = bytes.toString(StandardCharsets.UTF_8) + errors;
        }
    }

    private String word(String label) {
        return said.lines()
                .filter(line -> line.startsWith(label))
                .map(line -> line.substring(label.length()).strip())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aKeyIsShownOnceAndWorksWhileItIsNotTakenBack() throws Exception {
        var routes = new Routes();
        var settings = CertificateAuthority.Settings.LOCAL.with(CertificateAuthority.Accounts.REQUIRED);
        try (var server = WebServer.start(
                        new WebServer.Config("127.0.0.1", 0, Optional.empty(), 64), routes, Clock.systemUTC());
                var ca = new CertificateAuthority(folder, settings, Clock.systemUTC())) {
            String base = "http://127.0.0.1:" + server.port();
            ca.mount(routes, base);
            assertEquals(0, run("Bob in sales", "--data", folder.toString()), said);
            String id = word("key id"), mac = word("HMAC key");
            assertEquals(0, run("--data", folder.toString()));
            assertTrue(said.startsWith(id) && said.contains("not used yet  Bob in sales"), said);
            assertFalse(said.contains(mac));
            var keys = dev.starling.identity.Keys.generate();
            var account = new AccountBuilder()
                    .useKeyPair(keys)
                    .withKeyIdentifier(id, mac)
                    .create(new Session(base + "/acme/directory"));
            assertEquals(0, run("--data", folder.toString()));
            assertTrue(
                    said.contains("account " + account.getLocation().getPath().replaceFirst(".*/", "")), said);
            assertEquals(0, run("--end", id, "--data", folder.toString()));
            assertEquals(0, run("--data", folder.toString()));
            assertTrue(said.contains("taken back"), said);
            assertEquals(1, run("--end", "nobody", "--data", folder.toString()));
            try (var eve = new AcmeCaller(base)) {
                assertEquals(
                        "externalAccountRequired",
                        eve.post(base + "/acme/new-account", "{}").problem());
            }
        }
    }
}
