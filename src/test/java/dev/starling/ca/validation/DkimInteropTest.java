package dev.starling.ca.validation;

import static dev.starling.mail.Mails.BOB;
import static dev.starling.mail.Mails.CA;
import static dev.starling.mail.Mails.PART1;
import static dev.starling.mail.Mails.PLAIN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.mail.DkimPolicy;
import dev.starling.mail.DkimSigner;
import dev.starling.mail.DkimVerifier;
import dev.starling.mail.MailRefused;
import dev.starling.mail.Mails;
import dev.starling.mail.RawMail;
import dev.starling.mail.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.james.jdkim.DKIMSigner;
import org.apache.james.jdkim.DKIMVerifier;
import org.apache.james.jdkim.exceptions.FailException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// DKIM with other people's programs, in both directions: jDKIM, python3-dkim and the tools of OpenDKIM.
class DkimInteropTest {
    private static final String PYTHON = "/usr/bin/python3";

    private static final String VERIFY = """
            import sys, dkim
            txt = sys.argv[1].encode()
            ok = dkim.DKIM(sys.stdin.buffer.read(), minkey=1024).verify(dnsfunc=lambda name, timeout=5: txt)
            sys.exit(0 if ok else 3)
            """;

    private static final String SIGN = """
            import sys, dkim
            key = open(sys.argv[1], 'rb').read()
            header, body = (form.encode() for form in sys.argv[2].split('/'))
            mail = sys.stdin.buffer.read()
            sys.stdout.buffer.write(dkim.sign(mail, b'sel', b'example.net', key, canonicalize=(header, body),
                include_headers=[b'from', b'to', b'subject', b'date', b'message-id']) + mail)
            """;

    @TempDir
    Path folder;

    private final Mails.Keys keys = new Mails.Keys();

    private DkimVerifier.Pass ours(byte[] mail) throws Exception {
        return new DkimVerifier(keys, DkimPolicy.PRACTICAL, Clock.systemUTC()).verify(RawMail.parse(mail), BOB);
    }

    private byte[] challenge(DkimSigner signer) {
        var letter = ChallengeMail.letter(BOB.text(), PART1, "de", Optional.empty(), "");
        return signer.sign(OutgoingMail.write(letter, CA, Clock.systemUTC()));
    }

    private DkimSigner signer() throws IOException {
        return DkimSigner.open(folder.resolve("dkim.key"), CA.domain(), "starling", Clock.systemUTC());
    }

    private record Ran(int code, byte[] out) {}

    private Ran run(byte[] in, String... command) throws Exception {
        Path input = Files.write(folder.resolve("in"), in), output = folder.resolve("out");
        var process = new ProcessBuilder(command)
                .redirectInput(input.toFile())
                .redirectOutput(output.toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        return new Ran(process.exitValue(), Files.readAllBytes(output));
    }

    private void needPython() throws Exception {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of(PYTHON)) && run(new byte[0], PYTHON, "-c", "import dkim").code == 0,
                "python3-dkim is not installed (apt-get install python3-dkim)");
    }

    private static String program(String name) {
        return java.util.stream.Stream.of("/usr/sbin", "/usr/bin")
                .map(place -> Path.of(place, name))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst()
                .orElseGet(() -> Assumptions.abort(name + " is not installed (apt-get install opendkim-tools)"));
    }

    /// RSA with the key of our tests, as PEM.
    private Path pem() throws IOException {
        return Files.writeString(
                folder.resolve("key.pem"),
                "-----BEGIN PRIVATE KEY-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'})
                                .encodeToString(Mails.KEY.getPrivate().getEncoded())
                        + "\n-----END PRIVATE KEY-----\n");
    }

    private static byte[] tampered(byte[] mail) {
        return Mails.bytes(Mails.text(mail).replace("Subject: ACME: abc", "Subject: ACME: abd"));
    }

    @Test
    void jDkimVerifiesOurChallenge() throws Exception {
        DkimSigner signer = signer();
        byte[] mail = challenge(signer);
        var jdkim = new DKIMVerifier((_, selector, domain) -> {
            assertEquals(signer.name(), selector + "._domainkey." + domain);
            return List.of(signer.txt());
        });
        assertEquals(1, jdkim.verify(new ByteArrayInputStream(mail)).size());
        assertThrows(FailException.class, () -> jdkim.verify(new ByteArrayInputStream(tampered(mail))));
        byte[] second = Mails.bytes("From: eve@ca.example\r\n" + Mails.text(mail));
        assertThrows(FailException.class, () -> jdkim.verify(new ByteArrayInputStream(second)), "From is signed twice");
    }

    @Test
    void pythonDkimVerifiesOurChallenge() throws Exception {
        needPython();
        DkimSigner signer = signer();
        byte[] mail = challenge(signer);
        assertEquals(0, run(mail, PYTHON, "-c", VERIFY, signer.txt()).code);
        assertEquals(3, run(tampered(mail), PYTHON, "-c", VERIFY, signer.txt()).code);
    }

    @ParameterizedTest
    @ValueSource(strings = {"relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"})
    void weVerifyWhatJDkimAndPythonSigned(String forms) throws Exception {
        byte[] plain = Mails.bytes(PLAIN.replace("you are:", "you \t are: \r\n\r\n \t\r\n"));
        String template =
                "v=1; s=sel; d=example.net; h=from:to:subject:date:message-id; a=rsa-sha256; c=" + forms + "; bh=; b=;";
        String field = new DKIMSigner(template, Mails.KEY.getPrivate()).sign(new ByteArrayInputStream(plain));
        // It writes one long line; here it may be.
        assertEquals(
                "sel",
                ours(Mails.bytes(field + "\r\n" + Mails.text(plain)))
                        .signature()
                        .selector());
        needPython();
        var signed = run(plain, PYTHON, "-c", SIGN, pem().toString(), forms);
        assertEquals(0, signed.code, () -> read("err"));
        assertEquals("sel", ours(signed.out).signature().selector());
    }

    @Test
    void aReplySignedByPythonProvesTheMailbox() throws Exception {
        needPython();
        var signed = run(Mails.bytes(PLAIN), PYTHON, "-c", SIGN, pem().toString(), "relaxed/relaxed");
        var replies = new Replies(
                CA, DkimPolicy.PRACTICAL, keys, new Mails.Open(), Clock.fixed(Mails.NOW, java.time.ZoneOffset.UTC));
        // It dates its signature by the clock of this computer.
        var now = new Replies(CA, DkimPolicy.PRACTICAL, keys, openUntil2100(), Clock.systemUTC());
        assertInstanceOf(Replies.Outcome.Taken.class, now.take(Mails.incoming(Mails.text(signed.out))));
        assertFalse(replies.take(Mails.incoming(PLAIN)) instanceof Replies.Outcome.Taken);
    }

    private static Mails.Open openUntil2100() {
        var open = new Mails.Open();
        open.one = new OpenReplies.Open(
                "o", BOB, PART1, Mails.PART2, Mails.THUMBPRINT, java.time.Instant.parse("2100-01-01T00:00:00Z"), false);
        return open;
    }

    /// The tool can do no better: a genuine signature of the old kind.
    @Test
    void whatOpenDkimSignsWithSha1IsRefused() throws Exception {
        String tool = program("opendkim-testmsg");
        // It takes and gives the line ends of its system.
        byte[] unix = Mails.bytes(PLAIN.replace("\r\n", "\n"));
        var signed = run(unix, tool, "-d", "example.net", "-s", "sel", "-k", pem().toString());
        assertEquals(0, signed.code, () -> read("err"));
        byte[] mail = Mails.bytes(Mails.text(signed.out).replace("\r\n", "\n").replace("\n", "\r\n"));
        var jdkim = new DKIMVerifier((_, _, _) -> List.of(Mails.KEY_TXT));
        assertEquals(1, jdkim.verify(new ByteArrayInputStream(mail)).size(), "others take it");
        assertEquals(
                Reason.DKIM_ALGORITHM,
                assertThrows(MailRefused.class, () -> ours(mail)).reason());
    }

    private String read(String file) {
        try {
            return Files.readString(folder.resolve(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void theKeyIsMadeOnceAndOnlyItsOwnerReadsIt() throws Exception {
        DkimSigner first = signer();
        Path file = folder.resolve("dkim.key");
        assertEquals(
                "rw-------",
                java.nio.file.attribute.PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(first.txt(), signer().txt());
        assertEquals("starling._domainkey.ca.example", first.name());
        String line = first.zoneLine();
        assertTrue(line.startsWith("starling._domainkey.ca.example. IN TXT ( \"v=DKIM1; k=rsa; p="), line);
        assertEquals(
                first.txt(),
                line.substring(line.indexOf('"') + 1, line.lastIndexOf('"')).replace("\" \"", ""));
        for (String part : line.split("\"")) assertTrue(part.length() <= 255, part);
        Files.write(file, new byte[] {1, 2, 3});
        assertThrows(IOException.class, this::signer, "one that is damaged is not replaced");
        assertEquals(3, Files.size(file));
    }
}
