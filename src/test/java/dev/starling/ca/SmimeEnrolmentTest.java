package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.acme.Jws;
import dev.starling.ca.store.EvidenceTable.Evidence;
import dev.starling.ca.validation.MailCode;
import dev.starling.ca.validation.Replies;
import dev.starling.ca.validation.Replies.Outcome;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.Mails;
import dev.starling.mail.Reason;
import dev.starling.mail.SmimeTrust;
import dev.starling.mail.SmimeVerifier;
import dev.starling.mail.SmimeWorld;
import dev.starling.mail.SmimeWorld.Party;
import dev.starling.mail.SmimeWorld.Signing;
import dev.starling.mail.SmimeWorld.Wish;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// From a reply that is signed by S/MIME to a certificate, over the front, in one process and in three; and what the
/// certificate that comes of it is not good for.
class SmimeEnrolmentTest {
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private static Wish now(Wish wish) {
        wish.from = Instant.now().minus(Duration.ofHours(1));
        wish.to = Instant.now().plus(Duration.ofDays(9));
        return wish;
    }

    private final Party root = now(SmimeWorld.ca("CN=Mail Root")).bySelf();
    private final Party bobs = now(SmimeWorld.of(BOB)).by(root);

    private static Map<?, ?> challenge(AcmeCaller caller, AcmeCaller.Reply order) throws Exception {
        return (Map<?, ?>) caller.post(order.first("authorizations"), "").list("challenges").stream()
                .filter(each -> "email-reply-00".equals(((Map<?, ?>) each).get("type")))
                .findFirst()
                .orElseThrow();
    }

    /// The reply of that account, signed.
    private static String mail(AcmeCaller caller, Map<?, ?> challenge, String part1, Party signer, Party... chain) {
        String response = MailCode.response(part1, String.valueOf(challenge.get("token")), Jws.thumbprint(caller.key));
        String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(Instant.now().atOffset(ZoneOffset.UTC));
        String head = Mails.HEAD.replace(Mails.PART1, part1).replace("Mon, 30 Nov 2026 10:00:00 +0100", date);
        String type = "Content-Type: text/plain; charset=us-ascii\r\n";
        String content = "Content-Type: message/rfc822; forwarded=no\r\n\r\n" + head + "\r\n"
                + Mails.BLOCK.replace(Mails.RESPONSE, response);
        return new Signing().by(signer, chain).detached(head.replace(type, ""), content);
    }

    private Replies replies(TestCa ca, String anchors) throws Exception {
        Path file = Files.writeString(folder.resolve("anchors.pem"), anchors);
        var verifier = new SmimeVerifier(SmimeTrust.open(file), new OwnCertificates(ca.store)::has, ca.clock);
        return new Replies(Mails.CA, DkimPolicy.PRACTICAL, new Mails.Keys(), Optional.of(verifier), ca.desk, ca.clock);
    }

    private static List<X509Certificate> chain(String pem) throws Exception {
        var all = CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
        return all.stream().map(each -> (X509Certificate) each).toList();
    }

    private static String level(X509Certificate root, List<X509Certificate> chain) throws Exception {
        return new CertificateVerifier(TrustAnchors.of(root), false)
                .verify(chain.stream().map(Keys::encoded).toList(), Address.parse(BOB), Instant.now())
                .level();
    }

    @Test
    void itProvesThatTheCodeWasReadAndSaysHow() throws Exception {
        try (var ca = TestCa.withReplies(folder);
                var bob = ca.caller().registered()) {
            var replies = replies(ca, root.pem());
            var order = bob.order(BOB);
            var challenge = challenge(bob, order);
            String mail = mail(bob, challenge, ca.letters.last().code(), bobs);
            assertInstanceOf(Outcome.Taken.class, replies.take(Mails.incoming(mail)));
            assertEquals(
                    "valid",
                    bob.post(String.valueOf(challenge.get("url")), "{}").text("status"));
            KeyPair device = Keys.generate();
            String pem = bob.post(bob.finish(order, Csrs.of(BOB, device)).text("certificate"), "")
                    .http()
                    .body();
            // Not `reply`: its domain said nothing.
            assertEquals("code", level(ca.issuer.root(), chain(pem)));
            String authorization = ca.order(order.header("location")).authorization();
            var receipt =
                    ca.stored(session -> session.receipts().of(authorization)).orElseThrow();
            assertTrue(ca.key.check().hasSigned(receipt));
            assertEquals("email-reply-00 smime", receipt.way());
            assertEquals(HexFormat.of().formatHex(DeviceId.sha256(Mails.bytes(mail))), receipt.evidence());
            Evidence kept =
                    ca.stored(session -> session.evidence().of(authorization)).orElseThrow();
            assertEquals("SMIME example.net ''", kept.policy() + " " + kept.domain() + " '" + kept.selector() + "'");
            assertEquals(List.of(bobs.certificate(), root.certificate()), chain(kept.keyRecord()));
            assertTrue(
                    ca.stored(session -> session.audit().of(BOB, 9)).stream()
                            .anyMatch(each -> each.event().equals("proven")
                                    && each.detail().startsWith("email-reply-00 smime account ")),
                    "the operator sees it");
            stolen(
                    ca,
                    new Party(device, chain(pem).getFirst()),
                    new Party(device, chain(pem).getLast()));
        }
    }

    /// Whoever has stolen a device's key, and reads one mail, gets no other certificate by it: not even where the
    /// operator believes his own root, or another one that certifies that certificate's issuer.
    private void stolen(TestCa ca, Party device, Party issuing) throws Exception {
        try (var thief = ca.caller().registered()) {
            var challenge = challenge(thief, thief.order(BOB));
            String mail = mail(thief, challenge, ca.letters.last().code(), device, issuing);
            String own = SmimeWorld.pem("CERTIFICATE", Keys.encoded(ca.issuer.root()));
            assertEquals(
                    new Outcome.Refused(Reason.SMIME_OURS),
                    replies(ca, own + root.pem()).take(Mails.incoming(mail)));
            // One of another maker's that our own issuing key has signed.
            assertTrue(new OwnCertificates(ca.store).has(issuing.certificate()));
            assertTrue(!new OwnCertificates(ca.store).has(bobs.certificate()));
        }
    }

    @Test
    void withValidationInAProcessOfItsOwn() throws Exception {
        Path file = Files.writeString(folder.resolve("anchors.pem"), root.pem());
        int port = dev.starling.FreePort.next();
        try (var ca = new Apart(folder)) {
            var validation = ca.validation("--reply-smtp", "127.0.0.1:" + port, "--smime-trust", file.toString());
            ca.issuer("issuer", validation.find("for the issuer: --proof-key "));
            ca.front(false);
            try (var bob = new AcmeCaller(ca.base).registered()) {
                var order = bob.order(BOB);
                var challenge = challenge(bob, order);
                String code = ca.code(BOB);
                Party eve = now(SmimeWorld.of("eve@example.net")).by(root);
                bob.post(String.valueOf(challenge.get("url")), "{}");
                Mails.submit(port, BOB, Mails.CA.text(), Mails.bytes(mail(bob, challenge, code, eve)));
                awaited(() -> bob.post(String.valueOf(challenge.get("url")), "")
                        .http()
                        .body()
                        .contains("another address"));
                Mails.submit(port, BOB, Mails.CA.text(), Mails.bytes(mail(bob, challenge, code, bobs)));
                awaited(() ->
                        bob.post(order.header("location"), "").text("status").equals("ready"));
                bob.finish(order, Csrs.of(BOB));
                var done = ca.settled(bob, order);
                assertEquals("valid", done.text("status"), done::toString);
                var chain = chain(bob.post(done.text("certificate"), "").http().body());
                String anchor = bob.get("GET", "/acme/root.pem").http().body();
                assertEquals("code", level(chain(anchor).getFirst(), chain));
            }
        }
    }

    private interface Question {
        boolean ask() throws Exception;
    }

    private static void awaited(Question question) throws Exception {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30); !question.ask(); Thread.sleep(200))
            assertTrue(System.nanoTime() < end, "it does not come");
    }
}
