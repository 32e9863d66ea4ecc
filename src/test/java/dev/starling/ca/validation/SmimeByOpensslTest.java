package dev.starling.ca.validation;

import static dev.starling.mail.Mails.BLOCK;
import static dev.starling.mail.Mails.CA;
import static dev.starling.mail.Mails.PART1;
import static dev.starling.mail.Mails.incoming;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.starling.ca.validation.Replies.Outcome;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.Mails;
import dev.starling.mail.Reason;
import dev.starling.mail.SmimeTrust;
import dev.starling.mail.SmimeVerifier;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// S/MIME as openssl makes it, keys, certificates, lists and mails (BER of indefinite length, its own MIME): what
/// counts
/// and what is refused.
class SmimeByOpensslTest {
    private static final String EXTENSIONS = """
            [bob]
            subjectAltName = email:bob@example.net
            keyUsage = digitalSignature
            extendedKeyUsage = emailProtection
            subjectKeyIdentifier = hash
            [eve]
            subjectAltName = email:eve@example.net
            extendedKeyUsage = emailProtection
            [ca]
            default_md = sha256
            database = index.txt
            default_crl_days = 3
            """;

    @TempDir
    static Path folder;

    private final Mails.Open open = new Mails.Open();

    private static String openssl(String... arguments) throws Exception {
        var command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        Path out = folder.resolve("out");
        var process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) throw new AssertionError("it does not end");
        } finally {
            process.destroyForcibly();
        }
        String said = Files.readString(out, StandardCharsets.ISO_8859_1);
        assertEquals(0, process.exitValue(), said);
        return said;
    }

    private static void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text, StandardCharsets.ISO_8859_1);
    }

    private static void certificate(String name, String... key) throws Exception {
        var generate = new ArrayList<>(List.of("genpkey", "-out", name + ".key"));
        generate.addAll(List.of(key));
        openssl(generate.toArray(String[]::new));
        openssl("req", "-new", "-key", name + ".key", "-subj", "/CN=" + name, "-out", name + ".csr");
        openssl(
                "x509",
                "-req",
                "-in",
                name + ".csr",
                "-CA",
                "root.pem",
                "-CAkey",
                "root.key",
                "-CAcreateserial",
                "-days",
                "5",
                "-extfile",
                "ext",
                "-extensions",
                name.replaceAll("[0-9]", ""),
                "-out",
                name + ".pem");
    }

    @BeforeAll
    static void make() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/openssl")), "openssl is not installed");
        write("ext", EXTENSIONS);
        write("index.txt", "");
        String[] ec = {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"};
        openssl(
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-384",
                "-nodes",
                "-subj",
                "/CN=Root",
                "-days",
                "9",
                "-keyout",
                "root.key",
                "-out",
                "root.pem");
        certificate("bob", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048");
        certificate("bob1", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024");
        certificate("bob2", ec);
        certificate("eve", ec);
        String head = Mails.HEAD.replace("text/plain; charset=us-ascii", "text/plain; charset=us-ascii; hp=\"clear\"");
        write("content", head.replace("MIME-Version: 1.0\r\n", "") + "\r\n" + BLOCK);
    }

    @BeforeEach
    void trust() throws Exception {
        Files.copy(
                folder.resolve("root.pem"),
                folder.resolve("trust.pem"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    private Outcome take(String mail) throws IOException {
        var verifier = new SmimeVerifier(SmimeTrust.open(folder.resolve("trust.pem")), _ -> false, Instant::now);
        return new Replies(CA, DkimPolicy.PRACTICAL, new Mails.Keys(), Optional.of(verifier), open, () -> Mails.NOW)
                .take(incoming(mail));
    }

    private void taken(String mail) throws IOException {
        open.reply = Optional.empty();
        assertInstanceOf(Outcome.Taken.class, take(mail), mail);
    }

    private void refused(Reason reason, String mail) throws IOException {
        assertEquals(new Outcome.Refused(reason), take(mail), mail);
    }

    /// What openssl prints is a mail; its lines end in LF, and it has no date.
    private static String mail(String... arguments) throws Exception {
        // Recipients come last.
        var all = new ArrayList<>(List.of(arguments));
        all.addAll(1, List.of("-from", "bob@example.net", "-to", "acme@ca.example", "-subject", "Re: ACME: " + PART1));
        String mail = openssl(all.toArray(String[]::new)).replace("\r\n", "\n").replace("\n", "\r\n");
        return "Date: Mon, 30 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@example.net>\r\nIn-Reply-To: <2@ca.example>\r\n"
                + mail;
    }

    private static String signed(String signer, String... more) throws Exception {
        var all = new ArrayList<>(
                List.of("cms", "-sign", "-in", "content", "-signer", signer + ".pem", "-inkey", signer + ".key"));
        all.addAll(List.of(more));
        return mail(all.toArray(String[]::new));
    }

    @Test
    void eachWayInWhichItSignsCounts() throws Exception {
        taken(signed("bob"));
        taken(signed("bob2"));
        taken(signed("bob", "-nodetach"));
        taken(signed("bob2", "-nodetach", "-md", "sha512"));
        taken(signed("bob", "-keyid"));
        taken(signed("bob", "-keyopt", "rsa_padding_mode:pss"));
        taken(mail("smime", "-sign", "-in", "content", "-signer", "bob.pem", "-inkey", "bob.key"));
    }

    @Test
    void whatItSignsForSomebodyElseOrTooWeakly() throws Exception {
        refused(Reason.SMIME_ADDRESS, signed("eve"));
        refused(Reason.SMIME_ALGORITHM, signed("bob1"));
        refused(Reason.SMIME_ALGORITHM, signed("bob", "-md", "sha1"));
        refused(Reason.SMIME_ALGORITHM, signed("bob", "-md", "md5"));
        refused(Reason.SMIME_ALGORITHM, signed("bob", "-noattr"));
        refused(Reason.SMIME_CERTIFICATE, signed("bob", "-nocerts"));
        refused(Reason.SMIME_SIGNERS, signed("bob", "-signer", "eve.pem", "-inkey", "eve.key"));
    }

    @Test
    void whatItEncryptsOrSignsTwice() throws Exception {
        refused(Reason.SMIME_ENCRYPTED, mail("cms", "-encrypt", "-aes256", "-in", "content", "bob.pem"));
        write("inner", openssl("cms", "-sign", "-in", "content", "-signer", "bob.pem", "-inkey", "bob.key"));
        refused(Reason.SMIME_NESTED, mail("cms", "-sign", "-in", "inner", "-signer", "bob.pem", "-inkey", "bob.key"));
        write("sealed", openssl("cms", "-encrypt", "-aes256", "-in", "inner", "bob.pem"));
        refused(Reason.SMIME_NESTED, mail("cms", "-sign", "-in", "sealed", "-signer", "bob.pem", "-inkey", "bob.key"));
    }

    @Test
    void whatItWithdraws() throws Exception {
        String mail = signed("bob2");
        String[] list = {"ca", "-config", "ext", "-name", "ca", "-gencrl", "-cert", "root.pem", "-keyfile", "root.key"};
        String root = Files.readString(folder.resolve("root.pem"));
        write("trust.pem", root + openssl(list));
        taken(mail);
        openssl(
                "ca",
                "-config",
                "ext",
                "-name",
                "ca",
                "-revoke",
                "bob2.pem",
                "-cert",
                "root.pem",
                "-keyfile",
                "root.key");
        write("trust.pem", root + openssl(list));
        refused(Reason.SMIME_REVOKED, mail);
    }
}
