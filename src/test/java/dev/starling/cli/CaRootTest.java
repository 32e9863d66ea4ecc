package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.CertificateAuthority;
import dev.starling.ca.MailSettings;
import dev.starling.ca.issuance.OfflineRoot;
import dev.starling.ca.validation.SmtpMailer;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.NameServer;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// The ceremony as it is typed.
class CaRootTest {
    private static final String SECRET = "correct horse battery";

    @TempDir
    Path folder;

    private int run(String... words) {
        var all = new ArrayList<String>();
        for (String each : words) all.add(each.replace("@", folder + "/"));
        var line = new CommandLine(new CaCommand());
        line.setExecutionExceptionHandler((e, _, _) -> {
            assertFalse(String.valueOf(e.getMessage()).contains(SECRET), e::getMessage);
            return 1;
        });
        return line.execute(all.toArray(String[]::new));
    }

    @Test
    void aWholeCeremony() throws Exception {
        Files.writeString(folder.resolve("pass"), SECRET + "\n");
        Files.writeString(folder.resolve("short"), "correct\n");
        String[] root = {"root", "make", "--root", "@root", "--name", "Example root", "--passphrase-file"};
        assertEquals(1, run(joined(root, "@short")));
        assertFalse(Files.exists(folder.resolve("root/root.p12")));
        assertEquals(0, run(joined(root, "@pass")));
        assertEquals(1, run(joined(root, "@pass")), "never over another one");
        assertEquals(0, run("issuing-request", "--data", "@ca", "@request.csr"));
        assertEquals(1, run("issuing-request", "--data", "@ca", "@request.csr"));
        String key = OfflineRoot.asked(Files.readAllBytes(folder.resolve("request.csr")))
                .key();
        String[] sign = {
            "root",
            "sign",
            "--root",
            "@root",
            "--passphrase-file",
            "@pass",
            "@request.csr",
            "--for",
            "email",
            "--crl",
            "http://127.0.0.1/acme/crl/root.crl",
            "--out",
            "@chain.pem",
            "--key"
        };
        assertEquals(1, run(joined(sign, "0".repeat(64))));
        assertFalse(Files.exists(folder.resolve("chain.pem")));
        assertEquals(0, run(joined(sign, CaRoot.grouped(key))));
        assertEquals(0, run("issuing-install", "--data", "@ca", "@chain.pem"));
        assertEquals(0, run("root", "crl", "--root", "@root", "--passphrase-file", "@pass"));
        assertEquals(0, run("root-crl", "--data", "@ca", "@root/root.crl"));
        byte[] first = served();
        assertEquals(Files.size(folder.resolve("root/root.crl")), first.length);
        String serial;
        try (var issued = Files.list(folder.resolve("root/issued"))) {
            serial = issued.findFirst().orElseThrow().getFileName().toString();
        }
        assertEquals(1, run("root", "revoke", "--root", "@root", "--passphrase-file", "@pass", "00.pem"));
        assertEquals(
                0, run("root", "revoke", "--root", "@root", "--passphrase-file", "@pass", serial, "--reason", "1"));
        assertEquals(0, run("root-crl", "--data", "@ca", "@root/root.crl"));
        assertTrue(served().length > first.length);
        // With all that is in the CA's folder, a backup is whole.
        assertEquals(0, run("backup", "--data", "@ca", "@ca.zip"));
        assertEquals(0, run("restore", "--data", "@again", "@ca.zip"));
        for (String each : List.of("root.pem", "issuing.p12", "root.crl"))
            assertTrue(Files.exists(folder.resolve("again").resolve(each)), each);
        assertNotEquals(0, run("--issuing-pkcs11", "@none.cfg", "--local", "--data", "@ca"), "a PIN is needed");
    }

    private static String[] joined(String[] first, String last) {
        var all = new ArrayList<>(List.of(first));
        all.add(last);
        return all.toArray(String[]::new);
    }

    /// What a running CA gives out as its root's list; its root is that of the ceremony.
    private byte[] served() throws Exception {
        var smtp = new SmtpMailer.Config(
                "127.0.0.1",
                9,
                SmtpMailer.Security.PLAIN,
                "",
                "",
                "acme@ca.example",
                SmtpMailer.Config.PATIENCE,
                Optional.empty());
        var mail = new MailSettings(
                smtp, "http://127.0.0.1", Optional.empty(), Optional.empty(), DkimPolicy.PRACTICAL, NameServer.SYSTEM);
        var settings = new CertificateAuthority.Settings(Optional.of(mail), Optional.empty(), "");
        var clock = Clock.systemUTC();
        var routes = new Routes();
        try (var ca = new CertificateAuthority(folder.resolve("ca"), settings, clock);
                var client = HttpClient.newHttpClient()) {
            ca.mount(routes, "http://127.0.0.1");
            assertEquals("CN=Example root", ca.root().getSubjectX500Principal().getName());
            try (var server =
                    WebServer.start(new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024), routes, clock)) {
                var url = URI.create("http://127.0.0.1:" + server.port() + "/acme/crl/root.crl");
                var answer = client.send(HttpRequest.newBuilder(url).build(), HttpResponse.BodyHandlers.ofByteArray());
                assertEquals(200, answer.statusCode());
                return answer.body();
            }
        }
    }
}
