package dev.starling.ca;

import static dev.starling.ca.AcmeTest.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.SignedDns;
import dev.starling.SignedDns.Kind;
import dev.starling.SignedDns.Zone;
import dev.starling.acme.Jws;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.validation.MailCode;
import dev.starling.ca.validation.Replies;
import dev.starling.cli.CaListing;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.DnsDkimKeys;
import dev.starling.mail.Mails;
import dev.starling.mail.NameServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Orders at a CA whose resolver, a real one, checks DNSSEC: what it vouched for stays with the order, the certificate
/// and the reply; for a forged domain nothing is mailed and nothing signed.
class SignedDomainsTest {
    private static final String CA = "ca.example.net";

    @TempDir
    Path folder;

    private SignedDns dns;
    private TestCa ca;
    private AcmeCaller bob;

    @BeforeEach
    void start() throws Exception {
        dns = new SignedDns(Files.createDirectory(folder.resolve("dns")), "127.0.0.1", zones(Kind.SIGNED));
        ca = TestCa.asking(dns.place(), CA, CaStore.inFile(folder.resolve("ca.db")), folder);
        bob = ca.caller().registered();
    }

    @AfterEach
    void stop() throws Exception {
        bob.close();
        ca.close();
        dns.close();
    }

    /// @param moody how one of them is signed just now
    private static List<Zone> zones(Kind moody) {
        String key = Mails.KEY_TXT.replaceAll("(.{200})(?=.)", "$1\" \"");
        String records = "@ MX 10 mx.test.\n@ CAA 0 issuemail \"ca.example.net\"\nsel._domainkey TXT \"" + key + "\"\n";
        return List.of(
                new Zone("signed.test", Kind.SIGNED, records),
                new Zone("unsigned.test", Kind.UNSIGNED, records),
                new Zone("expired.test", Kind.EXPIRED, records),
                new Zone("moody.test", moody, records));
    }

    private AcmeCaller.Reply proven(String address) throws Exception {
        var order = bob.order(address);
        assertEquals(201, order.status(), order::toString);
        var answer = bob.answer(bob.challenge(order), ca.letters.last().code());
        assertEquals("valid", answer.text("status"));
        return order;
    }

    private String dnssec(String subject) throws IOException {
        return ca.stored(session -> session.domains().of(subject)).orElseThrow().dnssec();
    }

    @Test
    void whatDnssecVouchedForIsKeptWithTheOrderAndTheCertificate() throws Exception {
        for (var each : Map.of("signed", "secure", "unsigned", "insecure").entrySet()) {
            String address = "bob@" + each.getKey() + ".test";
            var order = proven(address);
            var stored = ca.order(order.header("location"));
            assertEquals(each.getValue(), dnssec(stored.authorization()));
            // Looked at again before the signature, once the first look is old.
            ca.clock.pass(Duration.ofHours(9));
            assertEquals("valid", bob.finish(order, Csrs.of(address)).text("status"));
            assertEquals(each.getValue(), dnssec(stored.id()));
            String listed = CaListing.of(address, folder);
            assertTrue(
                    listed.contains("CAA " + each.getKey() + ".test: 0 issuemail \"ca.example.net\"  DNSSEC "
                            + each.getValue()),
                    listed);
        }
    }

    @Test
    void forAForgedDomainNothingIsMailedAndItsOwnerLearnsWhy() throws Exception {
        var refusal = bob.order("bob@expired.test");
        refused(503, "dns", refusal);
        assertEquals(
                "What the DNS says of expired.test is not believed: its signatures have expired (DNSSEC). Whoever runs"
                        + " the domain can mend that; then try again.",
                refusal.text("detail"));
        assertEquals("60", refusal.header("retry-after"));
        assertEquals(List.of(), ca.letters.all);
        assertEquals(0, ca.<Integer>stored(session -> session.orders().open(0)));
    }

    @Test
    void aDomainWhoseSignaturesBreakAfterTheProofIsNotCertifiedUntilTheyAreMended() throws Exception {
        var order = proven("bob@moody.test");
        ca.clock.pass(Duration.ofHours(9));
        Kind[] moods = {Kind.STRIPPED, Kind.OTHER_KEY, Kind.SIGNED};
        for (int i = 0; i < moods.length; i++) {
            dns = dns.again(Files.createDirectory(folder.resolve("dns" + i)), zones(moods[i]));
            var answer = bob.finish(order, Csrs.of("bob@moody.test"));
            if (moods[i] == Kind.SIGNED) {
                assertEquals("valid", answer.text("status"), answer::toString);
                continue;
            }
            refused(503, "dns", answer);
            assertTrue(answer.text("detail").contains("(DNSSEC)"), answer::toString);
            assertEquals(0, ca.<Integer>stored(session -> session.certificates().count()));
        }
    }

    /// Answers the challenge of an order by a mail that is signed for the address's domain.
    private Replies.Outcome reply(TestCa at, AcmeCaller caller, AcmeCaller.Reply order, String domain)
            throws Exception {
        Map<?, ?> challenge = (Map<?, ?>) caller.post(order.first("authorizations"), "").list("challenges").stream()
                .filter(each -> "email-reply-00".equals(((Map<?, ?>) each).get("type")))
                .findFirst()
                .orElseThrow();
        caller.post(String.valueOf(challenge.get("url")), "{}");
        String part1 = at.letters.last().code(), part2 = String.valueOf(challenge.get("token"));
        String response = MailCode.response(part1, part2, Jws.thumbprint(caller.key));
        String date =
                DateTimeFormatter.RFC_1123_DATE_TIME.format(at.clock.instant().atOffset(ZoneOffset.UTC));
        String mail = Mails.HEAD
                        .replace(Mails.PART1, part1)
                        .replace("Bob@Example.NET", "bob@" + domain)
                        .replace("Mon, 30 Nov 2026 10:00:00 +0100", date)
                + "\r\n" + Mails.BLOCK.replace(Mails.RESPONSE, response);
        var keys = new DnsDkimKeys(NameServer.at(dns.place()), Duration.ofSeconds(20));
        var replies = new Replies(Mails.CA, DkimPolicy.PRACTICAL, keys, at.desk, at.clock);
        return replies.take(Mails.incoming(Mails.Signing.GOOD.d(domain).sign(mail)));
    }

    @Test
    void aReplyIsKeptWithWhetherDnssecVouchedForItsKeyAndWaitsWhereThatIsForged() throws Exception {
        try (var at = TestCa.withReplies(Files.createDirectory(folder.resolve("replies")));
                var caller = at.caller().registered()) {
            for (var each : Map.of("signed.test", true, "unsigned.test", false).entrySet()) {
                var order = caller.order("bob@" + each.getKey());
                assertInstanceOf(Replies.Outcome.Taken.class, reply(at, caller, order, each.getKey()));
                String id = at.order(order.header("location")).authorization();
                var evidence = at.stored(session -> session.evidence().of(id)).orElseThrow();
                assertEquals(each.getValue(), evidence.dnssec());
                assertEquals(Mails.KEY_TXT, evidence.keyRecord());
            }
            var order = caller.order("bob@expired.test");
            var later = assertInstanceOf(Replies.Outcome.Later.class, reply(at, caller, order, "expired.test"));
            assertTrue(later.toString().contains("its signatures have expired"), later::toString);
            assertEquals("pending", caller.post(order.header("location"), "").text("status"));
        }
    }
}
