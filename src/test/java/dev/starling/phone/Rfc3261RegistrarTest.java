package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipMessage;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Registrations of phones: RFC 3261, section 10, and what RFC 5626 adds.
class Rfc3261RegistrarTest {
    @TempDir
    Path folder;

    private PhoneWorld world;
    private TestPhone bob;

    @BeforeEach
    void begin() {
        world = new PhoneWorld(folder.resolve("phones.db"));
        bob = world.phone("bob", "UDP", "192.0.2.7", 5062);
    }

    @AfterEach
    void end() {
        world.close();
    }

    private List<String> contacts() {
        return world.registrar.of("bob").stream().map(Binding::contact).toList();
    }

    private SipMessage proven(Edit request) {
        return bob.proven(request).getFirst();
    }

    @Test
    void aPhoneRegistersAndIsToldWhatThereIs() {
        Edit register = bob.register(3600);
        SipMessage challenge = bob.answer(register);
        assertEquals(401, challenge.status());
        assertEquals(2, challenge.all("www-authenticate").size());
        assertTrue(contacts().isEmpty());
        SipMessage answer =
                bob.answers(bob.withCredentials(register, challenge, 1)).getFirst();
        assertEquals(200, answer.status());
        assertEquals(List.of("<sip:bob@192.0.2.7:5062>;expires=3600"), answer.elements("contact"));
        assertEquals("Tue, 24 Nov 2026 12:00:00 GMT", answer.required("date"));
        Binding binding = world.registrar.of("bob").getFirst();
        assertEquals(bob.flow, binding.flow());
        assertEquals("A phone of the tests 1.0 with a name that is not short", binding.agent());
        assertFalse(binding.nat());
        assertEquals("bob", PhoneWorld.next(world.registered));
        assertTrue(bob.flow.admitted);
    }

    @Test
    void itExpiresUnlessItIsRefreshed() {
        bob.register();
        world.time.pass(Duration.ofSeconds(3_000));
        assertTrue(bob.register().first("contact").orElseThrow().endsWith("expires=3600"));
        world.time.pass(Duration.ofSeconds(3_599));
        assertEquals(1, contacts().size());
        PhoneWorld.next(world.registered);
        assertTrue(world.registered.isEmpty(), "that it is refreshed is no news");
        world.time.pass(Duration.ofSeconds(31));
        assertTrue(contacts().isEmpty());
        assertEquals(0, world.registrar.size());
        assertEquals("bob", PhoneWorld.next(world.registered), "whoever waits for it hears of it");
    }

    @Test
    void timesAreBounded() {
        SipMessage brief = proven(bob.register(59));
        assertEquals(423, brief.status());
        assertEquals("60", brief.required("min-expires"));
        assertTrue(proven(bob.register(1_000_000)).required("contact").endsWith(";expires=3600"));
        bob.contact = "<sip:bob@192.0.2.7:5062>;expires=120";
        assertTrue(proven(bob.register(3600)).required("contact").endsWith(";expires=120"), "the contact's own counts");
        bob.contact = "<sip:bob@192.0.2.7:5062>;expires=soon";
        assertTrue(proven(bob.register(600)).required("contact").endsWith(";expires=3600"));
        SipMessage unsaid = proven(bob.register(0).remove("Expires").set("Contact", "<sip:bob@192.0.2.7:5062>"));
        assertTrue(unsaid.required("contact").endsWith(";expires=3600"));
    }

    @Test
    void contactsAreRemovedOneByOneAndAllTogether() {
        bob.register();
        bob.contact = "<sip:bob@192.0.2.7:5070>";
        bob.register();
        assertEquals(List.of("sip:bob@192.0.2.7:5070", "sip:bob@192.0.2.7:5062"), contacts());
        SipMessage left = proven(bob.register(0));
        assertEquals(List.of("sip:bob@192.0.2.7:5062"), contacts());
        assertEquals(1, left.elements("contact").size());
        bob.contact = "*";
        assertEquals(400, proven(bob.register(3600)).status());
        bob.contact = "*, <sip:bob@192.0.2.7>";
        assertEquals(400, proven(bob.register(0)).status());
        assertEquals(1, contacts().size());
        bob.contact = "*";
        assertTrue(proven(bob.register(0)).first("contact").isEmpty());
        assertTrue(contacts().isEmpty());
    }

    @Test
    void withoutContactItOnlyAsks() {
        bob.register();
        SipMessage answer = proven(bob.request("REGISTER", "sip:example.net"));
        assertEquals(1, answer.elements("contact").size());
    }

    @Test
    void anAccountHasFivePhonesAndTheNewestStay() {
        for (int i = 1; i <= 7; i++) {
            TestPhone phone = world.phone("bob", "UDP", "192.0.2." + i, 5060);
            assertEquals(200, phone.register().status());
        }
        assertEquals(5, contacts().size());
        assertEquals("sip:bob@192.0.2.7:5060", contacts().getFirst());
        assertEquals("sip:bob@192.0.2.3:5060", contacts().getLast());
        String six = "<sip:a@h>, <sip:b@h>, <sip:c@h>, <sip:d@h>, <sip:e@h>, <sip:f@h>";
        assertEquals(403, proven(bob.register(60).set("Contact", six)).status());
    }

    @Test
    void whatIsOlderThanWhatIsKnownChangesNothing() {
        bob.register();
        Edit late = bob.register(0);
        SipMessage challenge = bob.answer(late);
        Edit again = bob.withCredentials(late, challenge, 1).set("CSeq", "1 REGISTER");
        assertEquals(500, bob.answers(again).getFirst().status());
        assertEquals(1, contacts().size());
    }

    @Test
    void aDeviceThatMovedReplacesItself() {
        String instance = ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>\";reg-id=1";
        bob.contact += instance;
        SipMessage first = proven(bob.register(3600).add("Supported", "path, outbound"));
        assertTrue(first.required("contact").endsWith(instance));
        assertEquals("outbound", first.required("require"));
        TestPhone moved = world.phone("bob", "UDP", "203.0.113.9", 40_000);
        moved.contact = "<sip:bob@10.0.0.1>" + instance;
        assertEquals(1, moved.register().elements("contact").size());
        assertEquals(moved.flow, world.registrar.of("bob").getFirst().flow());
    }

    @Test
    void onlyTheAddressOfTheAccountIsRegistered() {
        for (String other : new String[] {"sip:carol@example.net", "sip:bob@example.com"}) {
            assertEquals(
                    403, proven(bob.register(3600).set("To", "<" + other + ">")).status());
            assertEquals(
                    403,
                    proven(bob.register(3600).set("From", "<" + other + ">;tag=2"))
                            .status());
        }
        assertEquals(0, world.registrar.size());
    }

    @ParameterizedTest
    @ValueSource(strings = {"<sip:bob@>", "<mailto:bob@example.net>", "<>", "<sip:bob@h", "<sip:a;b=c;b=d@h:99999>"})
    void aContactThatIsNoneIsRefused(String contact) {
        bob.contact = contact;
        int status = proven(bob.register(3600)).status();
        assertTrue(status == 400 || status == 416, contact + " " + status);
        assertEquals(0, world.registrar.size());
    }

    @Test
    void aConnectionThatEndsTakesItsBindingWithIt() {
        TestPhone tcp = world.phone("bob", "TCP", "192.0.2.7", 40_000);
        tcp.register();
        bob.register();
        assertEquals(2, contacts().size());
        tcp.flow.close("gone");
        assertEquals(List.of("sip:bob@192.0.2.7:5062"), contacts());
    }

    @Test
    void aPhoneByUdpIsStillThereAfterARestart() {
        bob.contact = "<sip:bob@10.0.0.7:5060;ob>;+sip.instance=\"<urn:uuid:1>\"";
        bob.register();
        world.phone("bob", "TCP", "192.0.2.7", 40_000).register();
        TestPhone carol = world.phone("carol", "UDP", "192.0.2.8", 5060);
        carol.register();
        TestPhone brief = world.phone("carol", "UDP", "192.0.2.9", 5060);
        brief.proven(brief.register(60));
        carol.proven(carol.register(0));
        Binding before = world.registrar.of("bob").getLast();
        world.close();
        var later = new PhoneWorld(folder.resolve("phones.db"));
        later.time.pass(Duration.ofSeconds(61));
        Binding after = later.registrar.of("bob").getFirst();
        assertEquals(1, later.registrar.of("bob").size(), "a connection does not outlive us");
        assertEquals(List.of(), later.registrar.of("carol"), "removed, and expired");
        assertEquals(before.contact(), after.contact());
        assertEquals(before.remote(), after.remote());
        assertEquals(before.local(), after.local());
        assertEquals(before.expires(), after.expires());
        assertEquals(before.instance(), after.instance());
        assertTrue(after.nat());
        later.close();
    }

    @Test
    void whatWasNotWrittenYetIsWrittenHalfASecondLater() throws Exception {
        bob.register();
        try (var other = new BindingStore(folder.resolve("phones.db"), world.time)) {
            assertTrue(other.read(world, world.time.instant()).isEmpty());
            world.time.pass(Duration.ofMillis(500));
            assertEquals(1, other.read(world, world.time.instant()).size());
        }
    }

    private Instant written() throws Exception {
        world.time.pass(Duration.ofMillis(500));
        try (var other = new BindingStore(folder.resolve("phones.db"), world.time)) {
            return other.read(world, world.time.instant()).getFirst().expires();
        }
    }

    @Test
    void whoAsksAgainEarlyIsNotWrittenAgainUntilHalfIsOver() throws Exception {
        bob.register();
        Instant first = written();
        world.time.pass(Duration.ofSeconds(1_000));
        bob.register();
        assertEquals(first, written());
        assertTrue(world.registrar.of("bob").getFirst().expires().isAfter(first.plusSeconds(900)));
        world.time.pass(Duration.ofSeconds(900));
        bob.register();
        assertEquals(world.registrar.of("bob").getFirst().expires(), written());
        // Another way is news at once.
        TestPhone moved = world.phone("bob", "UDP", "192.0.2.9", 5062);
        moved.contact = bob.contact;
        moved.register();
        world.time.pass(Duration.ofMillis(500));
        try (var other = new BindingStore(folder.resolve("phones.db"), world.time)) {
            assertEquals(
                    List.of("192.0.2.9"),
                    other.read(world, world.time.instant()).stream()
                            .map(each -> each.remote().getAddress().getHostAddress())
                            .toList());
        }
        bob.proven(bob.register(0));
        world.time.pass(Duration.ofMillis(500));
        try (var other = new BindingStore(folder.resolve("phones.db"), world.time)) {
            assertEquals(0, other.read(world, world.time.instant()).size());
        }
    }

    @Test
    void aPhoneBehindANatIsPingedAndNoOther() {
        TestPhone natted = world.phone("bob", "UDP", "203.0.113.9", 40_000);
        natted.contact = "<sip:bob@10.0.0.1:5060>";
        natted.register();
        bob.register();
        PhoneWorld.heard(natted.flow);
        PhoneWorld.heard(bob.flow);
        world.time.pass(Duration.ofSeconds(31));
        List<SipMessage> pings = PhoneWorld.heard(natted.flow);
        assertEquals(1, pings.size());
        SipMessage ping = pings.getFirst();
        assertEquals("OPTIONS", ping.method());
        assertEquals("sip:bob@10.0.0.1:5060", ping.uri());
        assertTrue(ping.topVia().startsWith("SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK"));
        assertTrue(ping.topVia().endsWith(";rport"));
        natted.register();
        PhoneWorld.heard(natted.flow);
        world.time.pass(Duration.ofSeconds(300));
        int more = PhoneWorld.heard(natted.flow).size();
        assertTrue(more >= 10 && more <= 15, more + " in five minutes: refreshing makes them no more frequent");
        natted.proven(natted.register(0));
        world.time.pass(Duration.ofSeconds(31));
        PhoneWorld.heard(natted.flow);
        world.time.pass(Duration.ofSeconds(100));
        assertTrue(PhoneWorld.heard(natted.flow).isEmpty());
        assertTrue(PhoneWorld.heard(bob.flow).isEmpty());
    }
}
