package dev.starling.ca.validation;

import static dev.starling.mail.Mails.BLOCK;
import static dev.starling.mail.Mails.CA;
import static dev.starling.mail.Mails.HEAD;
import static dev.starling.mail.Mails.NOW;
import static dev.starling.mail.Mails.PART1;
import static dev.starling.mail.Mails.PART2;
import static dev.starling.mail.Mails.RESPONSE;
import static dev.starling.mail.Mails.incoming;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.validation.AcceptedReply.Voucher;
import dev.starling.ca.validation.Replies.Outcome;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.Mails;
import dev.starling.mail.Reason;
import dev.starling.mail.SmimeTrust;
import dev.starling.mail.SmimeVerifier;
import dev.starling.mail.SmimeWorld;
import dev.starling.mail.SmimeWorld.Party;
import dev.starling.mail.SmimeWorld.Signing;
import dev.starling.mail.SmimeWorld.Wish;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERTaggedObject;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Which mails prove a mailbox by S/MIME (RFC 8550, RFC 8551): each attack is refused for its own reason, with mails
/// made by Bouncy Castle. Those of openssl are in `SmimeByOpensslTest`.
class SmimeRepliesTest {
    private static final Party ROOT = SmimeWorld.ca("CN=Mail Root").bySelf();
    private static final Party BETWEEN = SmimeWorld.ca("CN=Mail CA").by(ROOT);
    private static final Party BOB = SmimeWorld.of("Bob@Example.NET").by(BETWEEN);
    private static final String TEXT = "Content-Type: text/plain; charset=us-ascii; hp=\"clear\"\r\n";
    private static final String TYPE = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n";

    /// Of the mail itself, without its type.
    private static final String OUTER = HEAD.replace("Content-Type: text/plain; charset=us-ascii\r\n", "");

    /// RFC 9788: the fields, in the header of what is signed.
    private static final String PROTECTED = HEAD.replace(TYPE, TEXT) + "\r\nHere you are:\r\n" + BLOCK;
    /// RFC 8551, section 3.1.
    private static final String WRAPPED =
            "Content-Type: message/rfc822; forwarded=no\r\n\r\n" + HEAD + "\r\nHere:\r\n" + BLOCK;

    @TempDir
    Path folder;

    private final Mails.Keys keys = new Mails.Keys();
    private final Mails.Open open = new Mails.Open();
    private X509Certificate own = ROOT.certificate();
    private Path file = Path.of("");

    @BeforeEach
    void start() throws IOException {
        file = folder.resolve("anchors.pem");
        trust(ROOT.pem());
        own = SmimeWorld.ca("CN=Ours").bySelf().certificate();
    }

    private void trust(String pem) throws IOException {
        Files.writeString(file, pem);
    }

    private Outcome take(String mail) {
        try {
            var verifier = new SmimeVerifier(SmimeTrust.open(file), each -> each.equals(own), () -> NOW);
            return new Replies(CA, DkimPolicy.PRACTICAL, keys, Optional.of(verifier), open, () -> NOW)
                    .take(incoming(mail));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void refused(Reason reason, String mail) {
        var before = open.reply;
        assertEquals(new Outcome.Refused(reason), take(mail));
        assertEquals(before, open.reply);
        assertEquals(0, keys.asked, "no question to the DNS");
    }

    private void taken(String mail) {
        open.reply = Optional.empty();
        assertInstanceOf(Outcome.Taken.class, take(mail), mail);
    }

    private static Signing bob() {
        return new Signing().by(BOB, BETWEEN);
    }

    /// A good mail, but for the certificate.
    private static String with(Consumer<Wish> change) {
        var wish = SmimeWorld.of("bob@example.net");
        change.accept(wish);
        return new Signing().by(wish.by(BETWEEN), BETWEEN).detached(OUTER, PROTECTED);
    }

    @Test
    void eachFormOfSignatureAndOfProtectedHeadersCounts() {
        taken(bob().detached(OUTER, PROTECTED));
        taken(bob().opaque(OUTER, PROTECTED));
        taken(bob().detached(OUTER, WRAPPED));
        taken(bob().opaque(OUTER, WRAPPED));
        taken(bob().opaque(OUTER, WRAPPED.replace("; forwarded=no", "")));
        String html = "Content-Type: multipart/alternative; hp=clear; boundary=z\r\n";
        taken(bob().detached(
                        OUTER,
                        HEAD.replace(TYPE, html) + "\r\n--z\r\n\r\n" + BLOCK
                                + "\r\n--z\r\nContent-Type: text/html\r\n\r\n<p>\r\n--z--\r\n"));
    }

    @Test
    void theEvidenceSaysThatACertificateVouches() {
        String mail = bob().detached(OUTER, PROTECTED);
        taken(mail);
        AcceptedReply reply = open.reply.orElseThrow();
        assertEquals(
                new Voucher.Smime(List.of(BOB.certificate(), BETWEEN.certificate(), ROOT.certificate())), reply.by());
        assertArrayEquals(Mails.bytes(mail), reply.raw());
        assertEquals("AcceptedReply[bob@example.net, S/MIME, CN=Mail Root]", reply.toString());
    }

    @Test
    void withoutAnOperatorWhoWantsItNoneCounts() {
        var without = new Replies(CA, DkimPolicy.PRACTICAL, keys, open, () -> NOW);
        assertEquals(new Outcome.Refused(Reason.MEDIA_TYPE), without.take(incoming(bob().detached(OUTER, PROTECTED))));
        assertEquals(new Outcome.Refused(Reason.MEDIA_TYPE), without.take(incoming(bob().opaque(OUTER, PROTECTED))));
    }

    @Test
    void dkimCountsAsBeforeWhereSmimeDoesToo() {
        assertInstanceOf(Outcome.Taken.class, take(Mails.signed(Mails.PLAIN)));
        assertInstanceOf(Voucher.Dkim.class, open.reply.orElseThrow().by());
    }

    @Test
    void rsaAndADirectChainCount() {
        var wish = SmimeWorld.of("bob@example.net");
        wish.keys = Mails.KEY;
        Party rsa = wish.by(ROOT);
        taken(new Signing().by(rsa).detached(OUTER, PROTECTED));
        var pss = new Signing().by(rsa);
        pss.algorithm = "SHA256withRSAandMGF1";
        taken(pss.opaque(OUTER, PROTECTED));
    }

    @Test
    void theCertificateOfAnotherMailbox() {
        refused(Reason.SMIME_ADDRESS, with(wish -> {
            wish.names.clear();
            wish.named("eve@example.net");
        }));
        refused(Reason.SMIME_ADDRESS, with(wish -> {
            wish.names.clear();
            wish.named("bob@example.net\0.evil.test");
        }));
        // An address in the subject is no name of a certificate.
        refused(Reason.SMIME_ADDRESS, with(wish -> {
            wish.names.clear();
            wish.subject = "E=bob@example.net";
        }));
        Party eve = SmimeWorld.of("eve@example.net").by(BETWEEN);
        String from = "Bob@Example.NET", to = "eve@example.net";
        refused(
                Reason.OTHER_ADDRESS,
                new Signing().by(eve, BETWEEN).detached(OUTER.replace(from, to), PROTECTED.replace(from, to)));
    }

    /// RFC 9598, section 3: only for local parts beyond ASCII, which are not certified here.
    @Test
    void aMailboxInUtf8ThatLooksLikeTheAddress() {
        for (String name : List.of("bob@example.net", "b\u043eb@example.net"))
            refused(Reason.SMIME_ADDRESS, with(wish -> {
                wish.names.clear();
                wish.names.add(new GeneralName(
                        GeneralName.otherName, new DERSequence(new org.bouncycastle.asn1.ASN1Encodable[] {
                            new ASN1ObjectIdentifier("1.3.6.1.5.5.7.8.9"),
                            new DERTaggedObject(true, 0, new DERUTF8String(name))
                        })));
            }));
    }

    @Test
    void aCertificateOfAnotherTime() {
        refused(Reason.SMIME_TIME, with(wish -> wish.to = NOW.minus(Duration.ofMinutes(6))));
        refused(Reason.SMIME_TIME, with(wish -> wish.from = NOW.plus(Duration.ofMinutes(6))));
        // Clocks differ.
        taken(with(wish -> wish.to = NOW.minus(Duration.ofMinutes(4))));
        taken(with(wish -> wish.from = NOW.plus(Duration.ofMinutes(4))));
    }

    @Test
    void aCertificateOfNobodyWhoIsBelieved() {
        refused(
                Reason.SMIME_CHAIN,
                new Signing().by(SmimeWorld.of("bob@example.net").bySelf()).detached(OUTER, PROTECTED));
        Party other = SmimeWorld.ca("CN=Mail Root").bySelf();
        Party his = SmimeWorld.of("bob@example.net").by(other);
        refused(Reason.SMIME_CHAIN, new Signing().by(his, other).detached(OUTER, PROTECTED));
        // The link between is missing.
        refused(Reason.SMIME_CHAIN, new Signing().by(BOB).detached(OUTER, PROTECTED));
        // Somebody who has a certificate makes one.
        Party made = SmimeWorld.of("bob@example.net")
                .by(SmimeWorld.of("eve@example.net").by(BETWEEN));
        refused(Reason.SMIME_CHAIN, new Signing().by(made, BOB, BETWEEN).detached(OUTER, PROTECTED));
        var old = SmimeWorld.ca("CN=Old CA");
        old.to = NOW.minus(Duration.ofDays(1));
        Party between = old.by(ROOT);
        Party late = SmimeWorld.of("bob@example.net").by(between);
        refused(Reason.SMIME_CHAIN, new Signing().by(late, between).detached(OUTER, PROTECTED));
    }

    @Test
    void aCertificateForSomethingElse() {
        refused(Reason.SMIME_CERTIFICATE, with(wish -> wish.usage = KeyUsage.keyEncipherment));
        refused(Reason.SMIME_CERTIFICATE, with(wish -> wish.purpose = KeyPurposeId.id_kp_clientAuth));
        refused(Reason.SMIME_CERTIFICATE, with(wish -> wish.purposed = false));
        refused(Reason.SMIME_CERTIFICATE, with(wish -> wish.ca = true));
        taken(with(wish -> wish.usage = 0));
        var lost = new Signing().by(BOB);
        lost.certificates.clear();
        refused(Reason.SMIME_CERTIFICATE, lost.detached(OUTER, PROTECTED));
    }

    @Test
    void aCaThatIsToCertifySomethingElse() throws IOException {
        for (var purpose : List.of(KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth)) {
            Party web = subordinate(purpose).by(ROOT);
            refused(Reason.SMIME_CHAIN, chain(web));
            // Also behind one that may do anything.
            Party below = SmimeWorld.ca("CN=Below").by(web);
            refused(Reason.SMIME_CHAIN, chain(below, web));
            // Whom the operator names is believed.
            trust(web.pem());
            taken(chain(web));
            trust(ROOT.pem());
        }
        for (var purpose : List.of(KeyPurposeId.id_kp_emailProtection, KeyPurposeId.anyExtendedKeyUsage))
            taken(chain(subordinate(purpose).by(ROOT)));
        // With the same name and key it is certified twice: the other certificate leads there.
        Wish twice = subordinate(KeyPurposeId.id_kp_serverAuth);
        Party web = twice.by(ROOT);
        twice.purposed = false;
        taken(chain(web, twice.by(ROOT)));
    }

    private static Wish subordinate(KeyPurposeId purpose) {
        var wish = SmimeWorld.ca("CN=Subordinate CA");
        wish.purposed = true;
        wish.purpose = purpose;
        return wish;
    }

    /// A good mail by somebody whom the first of these certified.
    private static String chain(Party... cas) {
        return new Signing()
                .by(SmimeWorld.of("bob@example.net").by(cas[0]), cas)
                .detached(OUTER, PROTECTED);
    }

    @Test
    void whatIsTooWeak() {
        refused(Reason.SMIME_ALGORITHM, with(wish -> wish.keys = Mails.rsa(1024)));
        var sha1 = bob();
        sha1.algorithm = "SHA1withECDSA";
        refused(Reason.SMIME_ALGORITHM, sha1.detached(OUTER, PROTECTED));
        refused(Reason.SMIME_ALGORITHM, with(wish -> wish.algorithm = "SHA1withECDSA"));
        var bare = bob();
        bare.bare = true;
        refused(Reason.SMIME_ALGORITHM, bare.detached(OUTER, PROTECTED));
    }

    @Test
    void severalSignersOrNone() {
        Party eve = SmimeWorld.of("eve@example.net").by(BETWEEN);
        refused(Reason.SMIME_SIGNERS, bob().by(eve).detached(OUTER, PROTECTED));
        refused(Reason.SMIME_SIGNERS, bob().by(eve).opaque(OUTER, PROTECTED));
        refused(Reason.SMIME_SIGNERS, new Signing().detached(OUTER, PROTECTED));
    }

    @Test
    void aSignedPartThatWasChanged() {
        String mail = bob().detached(OUTER, PROTECTED);
        refused(Reason.SMIME_SIGNATURE, mail.replace("Here you are", "Here we are"));
        var other = bob().cms(PROTECTED + "x", true);
        refused(Reason.SMIME_SIGNATURE, SmimeWorld.detached(OUTER, PROTECTED, other));
        // The signature of another one, with Bob's certificate beside it.
        Party eve = new Party(SmimeWorld.ec(), BOB.certificate());
        refused(Reason.SMIME_SIGNATURE, new Signing().by(eve, BETWEEN).detached(OUTER, PROTECTED));
    }

    @Test
    void aHeaderThatSaysSomethingElseThanTheSignedOne() {
        refused(Reason.SMIME_OUTER, bob().detached(OUTER.replace("Bob@Example", "eve@Example"), PROTECTED));
        refused(Reason.SMIME_OUTER, bob().detached(OUTER, PROTECTED.replace("acme@ca", "acme@other")));
        refused(Reason.SMIME_OUTER, bob().detached(OUTER, PROTECTED.replace(PART1, PART1.replace('a', 'b'))));
        refused(Reason.SMIME_OUTER, bob().detached(OUTER, PROTECTED.replace("<2@", "<3@")));
        refused(Reason.SMIME_OUTER, bob().detached(OUTER.replace("In-Reply-To: <2@ca.example>\r\n", ""), WRAPPED));
        refused(Reason.FROM_SEVERAL, bob().detached(OUTER, "From: eve@example.net\r\n" + PROTECTED));
        refused(Reason.LIST, bob().detached(OUTER, "List-Id: <all.example.net>\r\n" + PROTECTED));
        refused(Reason.AUTO_REPLIED, bob().detached(OUTER, "Auto-Submitted: auto-replied\r\n" + PROTECTED));
        refused(Reason.LIST, bob().detached("List-Id: <all.example.net>\r\n" + OUTER, PROTECTED));
    }

    @Test
    void aSignatureThatCoversNoHeader() {
        String bare = "Content-Type: text/plain\r\n\r\n" + BLOCK;
        refused(Reason.SMIME_HEADERS, bob().detached(OUTER, bare));
        refused(Reason.SMIME_HEADERS, bob().detached(OUTER, PROTECTED.replace("hp=\"clear\"", "hp=\"cipher\"")));
        refused(Reason.SMIME_HEADERS, bob().detached(OUTER, PROTECTED.replace("; hp=\"clear\"", "")));
        for (String each : List.of("From: Bob <Bob@Example.NET>\r\n", "To: acme@ca.example\r\n"))
            refused(Reason.SMIME_HEADERS, bob().detached(OUTER, PROTECTED.replace(each, "")));
        refused(Reason.SMIME_HEADERS, bob().opaque(OUTER, WRAPPED.replaceFirst("Subject: [^\r]*\r\n", "")));
        // A mail of somebody else that the signer passed on.
        refused(Reason.SMIME_HEADERS, bob().detached(OUTER, WRAPPED.replace("forwarded=no", "forwarded=yes")));
    }

    @Test
    void partsThatAreNotSigned() {
        String mail = bob().detached("", PROTECTED);
        refused(
                Reason.MEDIA_TYPE,
                OUTER + "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n" + mail + "\r\n--m\r\n\r\n" + BLOCK
                        + "\r\n--m--\r\n");
        String good = bob().detached(OUTER, PROTECTED);
        refused(Reason.SMIME_STRUCTURE, good.replace("\r\n--b--\r\n", "\r\n--b\r\n\r\n" + BLOCK + "\r\n--b--\r\n"));
        // Beside the parts nobody looks.
        String empty = bob().detached(OUTER, HEAD.replace(TYPE, TEXT) + "\r\nNothing.\r\n");
        refused(Reason.RESPONSE_MISSING, empty + BLOCK);
        refused(Reason.RESPONSE_MISSING, empty.replace("This is signed.\r\n", BLOCK));
    }

    @Test
    void signedWithinSignedAndEncrypted() {
        String inner = bob().opaque("", PROTECTED), twice = bob().detached("", PROTECTED);
        refused(Reason.SMIME_NESTED, bob().detached(OUTER, inner));
        refused(Reason.SMIME_NESTED, bob().opaque(OUTER, twice));
        refused(Reason.SMIME_NESTED, bob().detached(OUTER, "Content-Type: message/rfc822\r\n\r\n" + OUTER + inner));
        // RFC 2634: signed, encrypted, signed.
        String enveloped = SmimeWorld.opaque("", "enveloped-data", bob().cms(PROTECTED, false));
        refused(Reason.SMIME_NESTED, bob().opaque(OUTER, enveloped));
        refused(Reason.SMIME_ENCRYPTED, OUTER + enveloped);
        refused(Reason.SMIME_ENCRYPTED, OUTER + enveloped.replace("enveloped-data", "authEnveloped-data"));
        refused(Reason.SMIME_STRUCTURE, OUTER + enveloped.replace("enveloped-data", "compressed-data"));
    }

    @Test
    void whatIsCutOffOrTooMuch() {
        String mail = bob().detached(OUTER, PROTECTED), opaque = bob().opaque(OUTER, PROTECTED);
        refused(Reason.TRUNCATED, mail.substring(0, mail.length() - 20));
        refused(Reason.SMIME_STRUCTURE, opaque.substring(0, opaque.length() - 200) + "\r\n");
        refused(Reason.SMIME_STRUCTURE, SmimeWorld.detached(OUTER, PROTECTED, new byte[0]));
        byte[] deep = new byte[20_000];
        for (int i = 0; i < deep.length; i += 2) {
            deep[i] = 0x30;
            deep[i + 1] = (byte) 0x80;
        }
        refused(Reason.SMIME_STRUCTURE, SmimeWorld.opaque(OUTER, "signed-data", deep));
        refused(Reason.TOO_BIG, bob().detached(OUTER, PROTECTED + "x\r\n".repeat(22_000)));
        var many = bob();
        for (int i = 0; i < 10; i++)
            many.certificates.add(SmimeWorld.of("x@y.test").bySelf().certificate());
        refused(Reason.SMIME_STRUCTURE, many.detached(OUTER, PROTECTED));
        // What was signed lies within, and beside it.
        refused(Reason.SMIME_STRUCTURE, SmimeWorld.detached(OUTER, PROTECTED, bob().cms(PROTECTED, false)));
        refused(Reason.SMIME_STRUCTURE, SmimeWorld.opaque(OUTER, "signed-data", bob().cms(PROTECTED, true)));
    }

    @Test
    void aCertificateThatSuchAProofWasGivenFor() throws Exception {
        own = BOB.certificate();
        refused(Reason.SMIME_OURS, bob().detached(OUTER, PROTECTED));
        own = BETWEEN.certificate();
        refused(Reason.SMIME_OURS, bob().detached(OUTER, PROTECTED));
        own = ROOT.certificate();
        refused(Reason.SMIME_OURS, bob().detached(OUTER, PROTECTED));
    }

    @Test
    void withdrawnCertificates() throws Exception {
        String mail = bob().detached(OUTER, PROTECTED);
        trust(ROOT.pem() + SmimeWorld.list(BETWEEN, NOW.plus(Duration.ofDays(1)), BOB.certificate()));
        refused(Reason.SMIME_REVOKED, mail);
        trust(ROOT.pem() + SmimeWorld.list(ROOT, NOW.plus(Duration.ofDays(1)), BETWEEN.certificate()));
        refused(Reason.SMIME_REVOKED, mail);
        trust(ROOT.pem() + SmimeWorld.list(BETWEEN, NOW.minus(Duration.ofDays(1))));
        refused(Reason.SMIME_LIST, mail);
        // Of another one of that name.
        Party other = SmimeWorld.ca("CN=Mail CA").bySelf();
        trust(ROOT.pem() + SmimeWorld.list(other, NOW.plus(Duration.ofDays(1)), BOB.certificate()));
        taken(mail);
        trust(ROOT.pem() + SmimeWorld.list(BETWEEN, NOW.plus(Duration.ofDays(1))));
        taken(mail);
    }

    @Test
    void aReplyThatIsNoAnswerToThisChallenge() {
        refused(
                Reason.UNKNOWN,
                bob().detached(OUTER.replace(PART1, "x".repeat(32)), PROTECTED.replace(PART1, "x".repeat(32))));
        String other = MailCode.response(PART1, PART2, "OtherThumbprint");
        refused(Reason.WRONG_RESPONSE, bob().detached(OUTER, PROTECTED.replace(RESPONSE, other)));
        String mail = bob().detached(OUTER, PROTECTED);
        taken(mail);
        refused(Reason.REPLAYED, mail);
    }

    @Test
    void aFileOfAnchorsThatIsWrongStopsTheStartAndTakesNoReply() throws Exception {
        var trust = SmimeTrust.open(file);
        for (String bad : List.of("", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")) {
            trust(bad);
            assertThrows(IOException.class, () -> SmimeTrust.open(file));
            var verifier = new SmimeVerifier(trust, _ -> false, () -> NOW);
            var replies = new Replies(CA, DkimPolicy.PRACTICAL, keys, Optional.of(verifier), open, () -> NOW);
            assertInstanceOf(Outcome.Later.class, replies.take(incoming(bob().detached(OUTER, PROTECTED))));
        }
        var constrained = SmimeWorld.ca("CN=Some");
        constrained.more.add(Extension.create(
                Extension.nameConstraints,
                true,
                new org.bouncycastle.asn1.x509.NameConstraints(
                        new org.bouncycastle.asn1.x509.GeneralSubtree[] {
                            new org.bouncycastle.asn1.x509.GeneralSubtree(
                                    new GeneralName(GeneralName.rfc822Name, "example.org"))
                        },
                        new org.bouncycastle.asn1.x509.GeneralSubtree[0])));
        trust(constrained.bySelf().pem());
        var e = assertThrows(IOException.class, () -> SmimeTrust.open(file));
        assertTrue(e.toString().contains("constrained"), e::toString);
        // Between anchor and leaf they count.
        trust(ROOT.pem());
        Party some = constrained.by(ROOT);
        Party made = SmimeWorld.of("bob@example.net").by(some);
        refused(Reason.SMIME_CHAIN, new Signing().by(made, some).detached(OUTER, PROTECTED));
    }
}
