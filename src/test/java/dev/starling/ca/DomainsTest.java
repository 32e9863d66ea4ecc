package dev.starling.ca;

import static dev.starling.Dnsmasq.mx;
import static dev.starling.ca.AcmeTest.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Dnsmasq;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.DomainLook;
import dev.starling.ca.store.MailTable.By;
import dev.starling.ca.store.Order;
import dev.starling.ca.validation.FakeDns;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Orders, and what the DNS says of their domains: before the mail, and before the certificate.
class DomainsTest {
    private static final String CA = "ca.example.net", BOB = "bob@example.net";

    @TempDir
    Path folder;

    private FakeDns dns;
    private TestCa ca;
    private AcmeCaller bob;

    CaStore store() throws IOException {
        return CaStore.inFile(folder.resolve("ca.db"));
    }

    @BeforeEach
    void start() throws Exception {
        dns = new FakeDns(FakeDns.mail());
        ca = TestCa.asking(dns.place(), CA, store(), folder);
        bob = ca.caller().registered();
    }

    @AfterEach
    void stop() throws Exception {
        bob.close();
        ca.close();
        dns.close();
    }

    private AcmeCaller.Reply proven() throws Exception {
        var order = bob.order(BOB);
        assertEquals(201, order.status(), order::toString);
        assertEquals(
                "valid",
                bob.answer(bob.challenge(order), ca.letters.last().code()).text("status"));
        return order;
    }

    private Optional<DomainLook> look(String id) throws IOException {
        return ca.stored(session -> session.domains().of(id));
    }

    private Order order(AcmeCaller.Reply reply) throws IOException {
        return ca.order(reply.header("location"));
    }

    private void hasNoCertificate(AcmeCaller.Reply order) throws IOException {
        assertEquals(Order.Status.READY, order(order).status());
        assertEquals(0, ca.<Integer>stored(session -> session.certificates().count()));
    }

    private int mails() throws IOException {
        return ca.stored(session -> session.mails().count(By.ADDRESS, BOB, 0).mails());
    }

    @Test
    void nothingIsMailedAndNothingCountedWhereOnlyOthersMayCertify() throws Exception {
        dns.say(FakeDns.mail("other.example"));
        var refusal = bob.order(BOB);
        refused(403, "caa", refusal);
        assertEquals(
                "The owner of example.net does not let this CA certify its mailboxes (example.net: 0 issuemail"
                        + " \"other.example\"). If that is you, add a CAA record there: issuemail \"ca.example.net\".",
                refusal.text("detail"));
        assertEquals(List.of(), ca.letters.all);
        assertEquals(0, mails());
        assertEquals(0, ca.<Integer>stored(session -> session.orders().open(0)));
        dns.say(FakeDns.mail(";", CA));
        assertEquals(201, bob.order(BOB).status());
        assertEquals(1, mails());
    }

    @Test
    void whatADomainIsRefusedForIsSaid() throws Exception {
        try (var server = new Dnsmasq(
                        mx("closed.test", "mx.test"),
                        Dnsmasq.caa("closed.test", 0, "issuemail", ";"),
                        mx("new.test", "mx.test"),
                        Dnsmasq.caa("new.test", 128, "new", "x"),
                        Dnsmasq.nullMx("null.test"),
                        "--txt-record=text.test,x",
                        mx("good.test", "mx.test"));
                var real = TestCa.asking(
                        server.place(), CA, CaStore.inFile(folder.resolve("other.db")), folder.resolve("other"));
                var carol = real.caller().registered()) {
            var said = Map.of(
                    "closed.test", "caa: The owner of closed.test does not let this CA",
                    "new.test", "caa: The owner of new.test demands something",
                    "null.test", "dns: The domain null.test says that it takes no mail.",
                    "text.test", "dns: The domain text.test has no mail server.",
                    "none.test", "dns: There is no domain none.test.");
            for (var each : said.entrySet()) {
                var refusal = carol.order("carol@" + each.getKey());
                assertEquals(403, refusal.status());
                String whole = refusal.problem() + ": " + refusal.text("detail");
                assertTrue(whole.startsWith(each.getValue()), whole);
            }
            assertEquals(List.of(), real.letters.all);
            assertEquals(201, carol.order("carol@good.test").status());
            assertEquals(1, real.letters.all.size());
        }
    }

    @Test
    void troubleOfTheDnsIsNoAnswerAndPasses() throws Exception {
        dns.say(FakeDns::trouble);
        var refusal = bob.order(BOB);
        refused(503, "dns", refusal);
        assertEquals("60", refusal.header("retry-after"));
        assertTrue(refusal.text("detail").contains("Try again in a minute"));
        assertEquals(List.of(), ca.letters.all);
        dns.say(FakeDns.mail());
        assertEquals(201, bob.order(BOB).status());
    }

    @Test
    void aFreshLookIsNotRepeatedBeforeTheCertificate() throws Exception {
        var order = proven();
        assertTrue(look(order(order).authorization()).orElseThrow().mail().contains("mx.example.net"));
        int before = dns.asked.size();
        ca.clock.pass(Duration.ofHours(8));
        assertEquals("valid", bob.finish(order, Csrs.of(BOB)).text("status"));
        assertEquals(before, dns.asked.size(), dns.asked::toString);
        assertEquals(Optional.empty(), look(order(order).id()));
    }

    @Test
    void whatTheOwnerForbadeSinceTheMailIsNotCertified() throws Exception {
        var order = proven();
        ca.clock.pass(Duration.ofHours(8).plusSeconds(1));
        dns.say(FakeDns.mail(";"));
        refused(403, "caa", bob.finish(order, Csrs.of(BOB)));
        hasNoCertificate(order);
        assertEquals("caa-others", look(order(order).id()).orElseThrow().verdict());
        // And allowed again: at once, not after eight hours.
        dns.say(FakeDns.mail(CA));
        assertEquals("valid", bob.finish(order, Csrs.of(BOB)).text("status"));
        assertEquals("allowed", look(order(order).id()).orElseThrow().verdict());
        assertEquals("allowed", look(order(order).authorization()).orElseThrow().verdict());
    }

    @Test
    void troubleBeforeTheCertificateLosesNothing() throws Exception {
        var order = proven();
        ca.clock.pass(Duration.ofHours(9));
        dns.say(FakeDns::trouble);
        var refusal = bob.finish(order, Csrs.of(BOB));
        refused(503, "dns", refusal);
        assertEquals("60", refusal.header("retry-after"));
        hasNoCertificate(order);
        dns.say(FakeDns.mail());
        assertEquals("valid", bob.finish(order, Csrs.of(BOB)).text("status"));
    }

    @Test
    void aRenewalLooksBeforeItsCertificateAndNotBefore() throws Exception {
        assertEquals("valid", bob.finish(proven(), Csrs.of(BOB)).text("status"));
        ca.clock.pass(Duration.ofDays(20));
        dns.say(FakeDns.mail("other.example"));
        int before = dns.asked.size();
        var next = bob.order(BOB);
        assertEquals("ready", next.text("status"));
        assertEquals(before, dns.asked.size());
        refused(403, "caa", bob.finish(next, Csrs.of(BOB)));
        // The domain is gone.
        dns.say((_, answer) -> answer.getHeader().setRcode(org.xbill.DNS.Rcode.NXDOMAIN));
        refused(403, "dns", bob.finish(next, Csrs.of(BOB)));
        dns.say(FakeDns.mail());
        assertEquals("valid", bob.finish(next, Csrs.of(BOB)).text("status"));
    }

    @Test
    void nobodyIsAskedForWhatWouldNotBeMailedAnyway() throws Exception {
        refused(400, "rejectedIdentifier", bob.order("postmaster@example.net"));
        ca.store.change(session -> session.silence().bounced(BOB, Long.MAX_VALUE));
        assertEquals(429, bob.order(BOB).status());
        assertEquals(List.of(), dns.asked);
    }

    @Test
    void whoeverHasNoAccountIsNoException() throws Exception {
        var type = Map.of("Content-Type", "application/pkcs10");
        dns.say(FakeDns.mail(";"));
        refused(403, "caa", bob.send("POST", ca.base + "/acme/plain", type, Csrs.of(BOB)));
        assertEquals(List.of(), ca.letters.all);
        dns.say(FakeDns.mail());
        String url =
                bob.send("POST", ca.base + "/acme/plain", type, Csrs.of(BOB)).header("location");
        ca.clock.pass(Duration.ofHours(9));
        dns.say(FakeDns.mail(";"));
        byte[] code = ca.letters.last().code().getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        refused(403, "caa", bob.send("POST", url, Map.of(), code));
        dns.say(FakeDns.mail());
        var made = bob.send("POST", url, Map.of(), code);
        assertTrue(made.toString().contains("BEGIN CERTIFICATE"), made::toString);
    }

    @Test
    void whatIsOverIsForgottenAndTheRestIsKept() throws Exception {
        var done = proven();
        ca.clock.pass(Duration.ofHours(9));
        assertEquals("valid", bob.finish(done, Csrs.of(BOB)).text("status"));
        var open = bob.order("carol@example.net");
        String left = order(open).authorization();
        assertTrue(look(left).isPresent());
        ca.store.sweep(ca.clock.instant().plus(Duration.ofDays(3)).getEpochSecond());
        assertFalse(look(left).isPresent());
        assertTrue(look(order(done).id()).isPresent());
        assertTrue(look(order(done).authorization()).isPresent());
    }

    @Test
    void ownersOfDomainsLearnTheNameToWrite() throws Exception {
        String meta = String.valueOf(bob.get("GET", "/acme/directory").json().get("meta"));
        assertTrue(meta.contains("caaIdentities=[" + CA + "]"), meta);
    }

    /// A look that refuses leads to no mail, so the limits of mails do not count it.
    private int refusedLooks(Limits limits, boolean anew) throws Exception {
        dns.say(FakeDns.mail(";"));
        var folders = java.nio.file.Files.createTempDirectory(folder, "limited");
        try (var limited = TestCa.asking(dns.place(), CA, CaStore.inFile(folders.resolve("ca.db")), folders, limits);
                var first = limited.caller().registered()) {
            int looks = 0;
            AcmeCaller.Reply last;
            for (; ; looks++) {
                try (var other = limited.caller().registered()) {
                    last = (anew ? other : first).order("bob@d" + looks + ".example");
                }
                if (last.status() != 403 || looks == 50) break;
            }
            refused(429, "rateLimited", last);
            assertEquals("3600", last.header("retry-after"));
            assertTrue(last.text("detail").contains("domains were asked for"), last::toString);
            int asked = dns.asked.size();
            refused(429, "rateLimited", first.order("bob@more.example"));
            assertEquals(asked, dns.asked.size());
            limited.clock.pass(Duration.ofHours(1));
            refused(403, "caa", first.order("bob@more.example"));
            assertEquals(List.of(), limited.letters.all);
            return looks;
        }
    }

    @Test
    void looksAreLimitedForANetworkAndForAnAccountToTwiceTheMails() throws Exception {
        assertEquals(6, refusedLooks(Limits.LOCAL.with("network", 3), true), "whatever the account");
        assertEquals(4, refusedLooks(Limits.LOCAL.with("account", 2), false));
    }
}
