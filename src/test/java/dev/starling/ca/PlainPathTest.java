package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.issuance.Issuer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.x509.GeneralName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Certificates by curl and openssl alone.
class PlainPathTest {
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private TestCa ca;
    private AcmeCaller http;

    @BeforeEach
    void start() throws Exception {
        ca = new TestCa(folder);
        http = ca.caller();
    }

    @AfterEach
    void stop() throws Exception {
        http.close();
        ca.close();
    }

    private AcmeCaller.Reply ask(byte[] csr) throws IOException {
        return http.send("POST", ca.base + "/acme/plain", Map.of("Content-Type", "application/pkcs10"), csr);
    }

    private AcmeCaller.Reply code(AcmeCaller.Reply open, String code) throws IOException {
        return http.send("POST", open.header("location"), Map.of(), code.getBytes(StandardCharsets.UTF_8));
    }

    private AcmeCaller.Reply read(AcmeCaller.Reply open) throws IOException {
        return http.send("GET", open.header("location"), Map.of(), new byte[0]);
    }

    private String run(String... command) throws Exception {
        var process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), String.join(" ", command) + "\n" + said);
        return said;
    }

    @Test
    void curlAndOpensslAreEnough() throws Exception {
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "bob.key");
        run(
                "openssl",
                "req",
                "-new",
                "-key",
                "bob.key",
                "-subj",
                "/",
                "-addext",
                "subjectAltName=email:" + BOB,
                "-out",
                "bob.csr");
        String said = run(
                "curl",
                "-sS",
                "-H",
                "Content-Type: application/pkcs10",
                "--data-binary",
                "@bob.csr",
                ca.base + "/acme/plain");
        assertTrue(said.startsWith("A mail with a code is on its way to bob@example.net."), said);
        String url = said.lines()
                .filter(line -> line.startsWith("    "))
                .findFirst()
                .orElseThrow()
                .strip();
        assertEquals(1, ca.letters.all.size());
        assertTrue(run("curl", "-sS", url).contains("Send the code"));
        run("curl", "-sS", "-o", "bob.pem", "--data", ca.letters.last().code(), url);
        Files.writeString(folder.resolve("root.pem"), Issuer.pem(ca.issuer.root()));
        run(
                "openssl",
                "verify",
                "-x509_strict",
                "-purpose",
                "smimesign",
                "-CAfile",
                "root.pem",
                "-untrusted",
                "bob.pem",
                "bob.pem");
        String key = run("openssl", "pkey", "-in", "bob.key", "-pubout");
        assertEquals(key, run("openssl", "x509", "-in", "bob.pem", "-noout", "-pubkey"));

        String chain = Files.readString(folder.resolve("bob.pem"));
        ca.outbox.again();
        assertEquals(2, ca.letters.all.size());
        assertEquals("Your certificate", ca.letters.last().subject());
        assertTrue(ca.letters.last().text().endsWith(chain));
        assertEquals(chain, run("curl", "-sS", url), "and as often as one likes");
    }

    @Test
    void nothingIsMadeBeforeTheCodeIsBack() throws Exception {
        var open = ask(Csrs.of(BOB));
        assertEquals(202, open.status());
        for (int wrong = 1; wrong <= 5; wrong++)
            assertEquals("incorrectResponse", code(open, "wrong").problem());
        assertEquals("incorrectResponse", code(open, ca.letters.last().code()).problem(), "too late");
        assertEquals(403, read(open).status());
        ca.outbox.again();
        assertEquals(1, ca.letters.all.size());
        assertEquals(0, ca.<Integer>stored(session -> session.certificates().count()));
    }

    @Test
    void aCodeIsGoodForItsOwnRequestOnly() throws Exception {
        var mallory = ask(Csrs.of(BOB));
        String first = ca.letters.last().code();
        var bob = ask(Csrs.of(BOB));
        String second = ca.letters.last().code();
        assertNotEquals(first, second);
        assertEquals("incorrectResponse", code(mallory, second).problem());
        assertEquals(
                200,
                code(bob, " " + second.substring(0, 9) + "\r\n" + second.substring(9) + "\n")
                        .status());
        assertEquals(202, read(mallory).status());
    }

    @Test
    void aRequestThatIsSentAgainNeedsAnotherCode() throws Exception {
        byte[] csr = Csrs.of(BOB);
        assertEquals(200, code(ask(csr), ca.letters.last().code()).status());
        var again = ask(csr);
        assertEquals(202, again.status());
        assertEquals(202, read(again).status(), "the proof of before does not count");
    }

    @Test
    void aCodeThatComesTooLateIsRefused() throws Exception {
        var open = ask(Csrs.of(BOB));
        ca.clock.pass(Duration.ofHours(25));
        var late = code(open, ca.letters.last().code());
        assertEquals("orderNotReady", late.problem());
        assertTrue(late.text("detail").contains("in time"));
    }

    @Test
    void whatIsNoRequestForOneAddressIsRefusedForItsOwnReason() throws Exception {
        var all = new ArrayList<String>();
        var email = GeneralName.rfc822Name;
        var key = dev.starling.identity.Keys.generate();
        for (byte[] each : List.of(
                "hello".getBytes(StandardCharsets.US_ASCII),
                "-----BEGIN CERTIFICATE REQUEST-----\nAA*=\n-----END CERTIFICATE REQUEST-----"
                        .getBytes(StandardCharsets.US_ASCII),
                "-----BEGIN CERTIFICATE REQUEST-----\nA\n-----END CERTIFICATE REQUEST-----"
                        .getBytes(StandardCharsets.US_ASCII),
                new byte[] {0x30, 0x03, 1, 2, 3},
                new Csrs().name(email, BOB, "carol@example.net").usual().make(key),
                new Csrs().name(GeneralName.dNSName, "example.net").usual().make(key),
                new Csrs().name(email, "bob@localhost").usual().make(key),
                new Csrs().subject("CN=Bob").name(email, BOB).usual().make(key),
                new Csrs().usual().make(key))) {
            var said = ask(each);
            all.add(said.status() + " " + said.text("detail").replaceFirst(".* is refused: ", ""));
        }
        assertEquals(
                List.of(
                        "400 That is no certificate request, neither PEM nor DER.",
                        "400 That is no certificate request, neither PEM nor DER.",
                        "400 The certificate request is not whole.",
                        "400 it cannot be read.",
                        "400 exactly one e-mail address is needed.",
                        "400 exactly one e-mail address is needed.",
                        "400 its address cannot be certified, " + all.get(6).replaceFirst(".*certified, ", ""),
                        "400 the subject must be empty.",
                        "400 exactly one e-mail address is needed."),
                all);
        assertEquals(0, ca.letters.all.size());
        assertEquals(
                415,
                http.send("POST", ca.base + "/acme/plain", Map.of("Content-Type", "text/plain"), Csrs.of(BOB))
                        .status());
        assertEquals(413, ask(new byte[9000]).status());
    }

    @Test
    void anAcmeOrderIsNotReachedThisWay() throws Exception {
        try (var alice = ca.caller().registered()) {
            String id = alice.order(BOB).header("location").replaceFirst(".*/", "");
            String url = ca.base + "/acme/plain/" + id;
            assertEquals(404, http.send("GET", url, Map.of(), new byte[0]).status());
            byte[] code = ca.letters.last().code().getBytes(StandardCharsets.US_ASCII);
            assertEquals(404, http.send("POST", url, Map.of(), code).status());
        }
    }

    @Test
    void aCertificateWhoseMailCannotBeHandedOverIsTriedAgain() throws Exception {
        var open = ask(Csrs.of(BOB));
        String code = ca.letters.last().code();
        ca.letters.trouble(() -> {
            throw new IOException("The mail server cannot be reached.");
        });
        assertEquals(200, code(open, code).status());
        ca.outbox.again();
        assertEquals(1, ca.letters.all.size());
        ca.letters.trouble(() -> {});
        ca.outbox.again();
        assertEquals(1, ca.letters.all.size(), "not at once");
        ca.clock.pass(Duration.ofSeconds(21));
        ca.outbox.again();
        assertEquals(2, ca.letters.all.size());
        ca.clock.pass(Duration.ofDays(3));
        ca.outbox.again();
        assertEquals(2, ca.letters.all.size(), "and once only");
    }

    private void sql(String text) throws SQLException {
        try (var db = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("ca.db"));
                var statement = db.createStatement()) {
            statement.execute(text);
        }
    }

    /// As after a crash between the promise and the certificate, or of a process that has no issuing key.
    @Test
    void aCertificateThatIsMadeLaterIsMailedOnce() throws Exception {
        var open = ask(Csrs.of(BOB));
        String code = ca.letters.last().code();
        sql("create trigger stopped before update of chain on certificate begin select raise(abort, 'here'); end");
        assertEquals(500, code(open, code).status());
        sql("drop trigger stopped");
        assertEquals(202, read(open).status());
        // For longer than a mail is tried.
        for (int look = 0; look < 300; look++) {
            ca.outbox.again();
            ca.clock.pass(Duration.ofSeconds(60));
        }
        assertEquals(1, ca.letters.all.size(), "not before it is there");
        ca.issuer.resume();
        ca.clock.pass(Duration.ofSeconds(21));
        ca.outbox.again();
        ca.outbox.again();
        assertEquals(2, ca.letters.all.size());
        var chain = read(open);
        assertEquals(200, chain.status());
        assertTrue(ca.letters.last().text().endsWith(chain.http().body()));
        assertEquals(200, code(open, code).status());
        ca.clock.pass(Duration.ofDays(3));
        ca.outbox.again();
        assertEquals(2, ca.letters.all.size(), "and once only");
    }

    @Test
    void aRequestThatIsNeverFinishedLeavesNoMail() throws Exception {
        var open = ask(Csrs.of(BOB));
        String code = ca.letters.last().code();
        sql("create trigger stopped before insert on certificate begin select raise(abort, 'here'); end");
        assertEquals(500, code(open, code).status());
        ca.outbox.again();
        assertEquals(1, ca.<Integer>stored(session -> session.mails().waiting()), "the code may be sent again");
        ca.clock.pass(Duration.ofHours(25));
        ca.outbox.again();
        assertEquals(0, ca.<Integer>stored(session -> session.mails().waiting()));
        assertEquals(1, ca.letters.all.size());
    }

    @Test
    void whatTheMailServerSaysIsToldToWhoAsked() throws Exception {
        ca.letters.trouble(() -> {
            throw new IOException("The mail server cannot be reached.");
        });
        var open = ask(Csrs.of(BOB));
        assertEquals(202, open.status());
        assertTrue(
                open.http().body().startsWith("The mail server cannot be reached. The mail with the code is not on"));
        assertFalse(open.http().body().contains("is on its way to"));
    }
}
