package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.LogLines;
import dev.starling.Mutations;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipMessage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is done against the edge for phones: each with its limit, and the line that names who did it.
class PhoneAttacksTest {
    private static final String ALICE = "sip:alice@example.org";

    @TempDir
    Path folder;

    private PhoneWorld world;
    private TestPhone bob, mallory;

    @BeforeEach
    void begin() {
        world = new PhoneWorld(folder.resolve("phones.db"));
        bob = world.phone("bob", "UDP", "192.0.2.7", 5062);
        mallory =
                new TestPhone(world, new DigestAnswer("bob", "guess", "MD5"), world.flow("UDP", "203.0.113.66", 5060));
    }

    @AfterEach
    void end() {
        world.close();
    }

    private String line(String kind) {
        List<String> lines =
                world.log.lines().stream().filter(l -> l.startsWith(kind)).toList();
        assertEquals(1, lines.size(), kind + " in " + world.log.lines());
        return lines.getFirst();
    }

    @Test
    void whoeverGuessesIsNamedAndSlowedDown() {
        int looked = 0;
        for (int i = 0; i < 200; i++) {
            SipMessage answer = mallory.proven(mallory.register(3600)).getFirst();
            if (answer.status() == 401) looked++;
            else assertEquals(403, answer.status());
            world.time.pass(Duration.ofMillis(100));
        }
        assertTrue(looked <= 10, "passwords tried in 20 s: " + looked);
        assertEquals("Wrong password, from network 203.0.113.0/24 (bob)", line("Wrong password"));
        assertEquals("Passwords guessed, from network 203.0.113.0/24 (bob)", line("Passwords guessed"));
        assertEquals(200, bob.register().status(), "the true phone registers meanwhile");
    }

    @Test
    void aRecordedRegistrationIsOfNoUse() {
        Edit register = bob.register(3600);
        Edit proven = bob.withCredentials(register, bob.answer(register), 1);
        assertEquals(200, bob.answers(proven).getFirst().status());
        String recorded = PhoneWorld.built(proven).required("authorization");
        Edit near = mallory.request("REGISTER", "sip:example.net").add("Contact", "<sip:bob@203.0.113.66>");
        SipMessage refused = mallory.answer(near.add("Authorization", recorded));
        assertEquals(401, refused.status(), "from another network it is stale");
        TestPhone neighbour = world.phone("bob", "UDP", "192.0.2.99", 5060);
        Edit same = neighbour.request("REGISTER", "sip:example.net").add("Contact", "<sip:bob@192.0.2.99>");
        assertEquals(401, neighbour.answer(same.add("Authorization", recorded)).status());
        assertEquals("Credentials used again, from network 192.0.2.0/24 (bob)", line("Credentials used again"));
        assertEquals(bob.flow, world.registrar.of("bob").getFirst().flow());
        assertEquals(1, world.registrar.size());
    }

    @Test
    void aFloodOfRegistersIsAnsweredSoOftenAndLeavesNothing() {
        int answered = 0;
        for (int i = 0; i < 10_000; i++)
            answered += mallory.answers(mallory.register(3600)).size();
        assertTrue(answered <= Answers.BURST, "answered: " + answered);
        assertEquals(0, world.edge.transactions());
        assertEquals("Flood of requests, from network 203.0.113.0/24 (REGISTER)", line("Flood of requests"));
        assertEquals(10_000 - answered, world.offences.count("Flood of requests"));
        assertEquals(200, bob.register().status());
    }

    @Test
    void forgedSourcesLeaveNothingAndHardlyMoreIsSaidThanAsked() {
        long asked = 0, said = 0;
        for (int i = 0; i < 20_000; i++) {
            var flow = new PhoneWorld.PhoneFlow(
                    "f" + i,
                    "UDP",
                    new java.net.InetSocketAddress(
                            java.net.InetAddress.ofLiteral("100." + (i >> 8) + "." + (i & 255) + ".1"), 5060),
                    _ -> {});
            byte[] request = new TestPhone(world, new DigestAnswer("u" + i, "", "MD5"), flow)
                    .request("INVITE", ALICE)
                    .toBytes();
            world.edge.received(flow, request);
            asked += request.length;
            for (byte[] each : flow.sent) said += each.length;
        }
        assertTrue(said > asked, "each was challenged");
        assertTrue(said <= 2 * Answers.FAIR * asked);
        assertEquals(0, world.edge.transactions());
        assertEquals(0, world.registrar.size());
    }

    @Test
    void whatWouldBeMuchLongerThanItsQuestionIsSaidRarely() {
        int answered = 0;
        for (int i = 0; i < 1_000; i++) {
            byte[] request = """
                    REGISTER sip:a SIP/2.0
                    v:SIP/2.0/UDP a;branch=z9hG4bK%d
                    f:<sip:b@c>;tag=1
                    t:<sip:b@c>
                    i:a
                    CSeq:1 REGISTER

                    """.formatted(i).replace("\n", "\r\n").getBytes(StandardCharsets.US_ASCII);
            world.edge.received(mallory.flow, request);
            for (byte[] each = mallory.flow.sent.poll(); each != null; each = mallory.flow.sent.poll()) {
                answered++;
                assertTrue(each.length <= 2 * Answers.FAIR * request.length, each.length + " for " + request.length);
            }
        }
        assertTrue(answered <= Answers.BURST / Answers.DEAR, "answered: " + answered);
        assertEquals("Flood of requests, from network 203.0.113.0/24 (REGISTER)", line("Flood of requests"));
    }

    @Test
    void nobodyIsReachedByWayOfUs() {
        List<Edit> attempts = List.of(
                mallory.request("INVITE", "sip:00442079460000@example.net"),
                mallory.request("INVITE", "sip:bob@192.0.2.7:5062"),
                mallory.request("MESSAGE", ALICE).add("Route", "<sip:192.0.2.7:5062;lr>"),
                mallory.request("INVITE", ALICE).set("From", "<sip:carol@example.net>;tag=1"),
                mallory.request("REFER", "sip:bob@example.net").add("Refer-To", "<sip:1@192.0.2.7>"),
                mallory.request("ACK", "sip:bob@192.0.2.7:5062"),
                mallory.request("BYE", "sip:bob@example.net").set("To", "<sip:bob@example.net>;tag=x"));
        bob.register();
        PhoneWorld.heard(bob.flow);
        for (Edit each : attempts) {
            for (SipMessage challenge : mallory.answers(each)) {
                assertEquals(407, challenge.status());
                for (SipMessage answer : mallory.answers(mallory.withCredentials(each, challenge, 1)))
                    assertTrue(answer.status() == 407 || answer.status() == 403);
            }
        }
        assertTrue(world.asked.isEmpty());
        assertTrue(world.acknowledged.isEmpty());
        assertEquals(List.of(), PhoneWorld.heard(bob.flow));
        assertTrue(line("Wrong password").contains("203.0.113.0/24"));
    }

    @Test
    void aContactCannotTurnUsAgainstSomebody() throws Exception {
        bob.contact = "<sip:bob@198.18.0.1:53;maddr=198.18.0.1>";
        bob.register();
        PhoneWorld.heard(bob.flow);
        Edit request = Edit.request("MESSAGE", "sip:bob@198.18.0.1:53")
                .add("From", "<" + ALICE + ">;tag=1")
                .add("To", "<sip:bob@example.net>")
                .add("Call-ID", "x")
                .add("CSeq", "1 MESSAGE");
        var _ = world.edge.send(request, world.registrar.of("bob").getFirst(), _ -> {});
        world.time.pass(Duration.ofSeconds(60));
        assertFalse(PhoneWorld.heard(bob.flow).isEmpty());
        assertEquals(
                1,
                world.flows.values().stream()
                        .distinct()
                        .filter(f -> f != mallory.flow)
                        .count());
    }

    @Test
    void aPhoneThatFloodsOnceItIsKnownIsBounded() {
        int refused = 0;
        SipMessage challenge = bob.answer(bob.register(3600));
        for (int i = 1; i <= 400; i++)
            for (SipMessage answer : bob.answers(bob.withCredentials(bob.register(3600), challenge, i)))
                if (answer.status() == 503) refused++;
        assertEquals(400 - Gatekeeper.REQUESTS.atOnce(), refused);
        assertEquals("Phone asks too often, from network 192.0.2.0/24 (bob: requests)", line("Phone asks too often"));
        TestPhone carol = world.phone("carol", "UDP", "198.51.100.9", 5060);
        assertEquals(200, carol.register().status());
    }

    @Test
    void hostileBytesAreRefusedOrIgnored() {
        var defects = LogLines.of("starling.phone");
        var good = new ArrayList<byte[]>();
        Edit register = bob.register(3600);
        good.add(register.toBytes());
        good.add(bob.withCredentials(register, bob.answer(register), 1).toBytes());
        for (String method : new String[] {"INVITE", "ACK", "CANCEL", "MESSAGE", "OPTIONS", "BYE"})
            good.add(bob.request(method, ALICE).toBytes());
        good.add("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        var mutations = new Mutations(27, good);
        for (int i = 0; i < 20_000; i++) {
            world.edge.received(bob.flow, mutations.next());
            if (i % 100 == 0) world.time.pass(Duration.ofSeconds(1));
            bob.flow.sent.clear();
        }
        defects.close();
        assertEquals(List.of(), defects.lines());
        assertTrue(world.log.lines().stream().anyMatch(l -> l.startsWith("Not SIP, from network 192.0.2.0/24 (")));
        assertTrue(
                world.log.lines().size() <= 60 * 5,
                "lines in 200 s: " + world.log.lines().size());
        world.time.pass(Duration.ofMinutes(10));
        assertEquals(
                200, world.phone("carol", "UDP", "198.18.7.7", 5060).register().status());
    }
}
