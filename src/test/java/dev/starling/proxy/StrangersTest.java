package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Who has no token learns nothing: docs/protocols/sip.md, section 4.
class StrangersTest {
    private static final byte[] TOKEN = "a token of 32 bytes for one only".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] WRONG = "another token that nobody knows!".getBytes(StandardCharsets.US_ASCII);

    /// What bob's device may be to this peer.
    private enum Bob {
        UNKNOWN,
        KNOWN_BUT_AWAY,
        HERE,
        HERE_WITH_CONTACTS,
        HERE_AND_BLOCKS_EVE
    }

    private interface Asks {
        SipMessage request(Person eve, Person bob, java.time.Instant now) throws SipException;
    }

    private record Seen(String answers, int reachedBob, int kept) {}

    private static Seen ask(Bob what, Asks asks) throws SipException {
        try (var world = new World()) {
            var peer = world.peer("one");
            Person eve = world.person("eve@example.com"), bob = world.person("bob@example.org");
            List<MemoryFlow> bobs = new ArrayList<>();
            if (what != Bob.UNKNOWN) bobs.add(peer.online(bob));
            if (what == Bob.KNOWN_BUT_AWAY) bobs.removeFirst().close("away");
            if (what == Bob.HERE_WITH_CONTACTS) peer.wishes(bobs.getFirst(), bob, List.of(TOKEN), false, List.of());
            if (what == Bob.HERE_AND_BLOCKS_EVE)
                peer.wishes(
                        bobs.getFirst(),
                        bob,
                        List.of(TOKEN),
                        false,
                        List.of(eve.address().bytes()));
            MemoryFlow flow = peer.online(eve);
            flow.says(asks.request(eve, bob, world.time.instant()).bytes());
            String answers = flow.heard().stream().map(m -> plain(m, eve, bob)).collect(Collectors.joining("\n----\n"));
            int reached = bobs.isEmpty() ? 0 : bobs.getFirst().heard().size();
            return new Seen(answers, reached, peer.edge.subscriptions());
        }
    }

    // What is random in each run gets one name.
    private static String plain(SipMessage message, Person eve, Person bob) {
        return new String(message.bytes(), StandardCharsets.ISO_8859_1)
                .replace(eve.device().hex(), "EVE")
                .replace(bob.device().hex(), "BOB")
                .replaceAll("tag=[0-9a-f]{20}", "tag=T")
                .replaceAll("branch=z9hG4bK[0-9a-f]{24}", "branch=B")
                .replaceAll("sip:[A-Za-z0-9_-]{35}@", "sip:ROUTE@");
    }

    // The same Call-ID, tag and branch in each run.
    private static SipMessage fixed(Person eve, Edit edit, String dest, byte[] token, java.time.Instant now) {
        edit.set("Call-ID", "call-1")
                .set("From", "<" + eve.address().uri() + ">;tag=f")
                .remove("Via")
                .prepend("Via", "SIP/2.0/WS x.invalid;branch=z9hG4bKf");
        return eve.signed(edit, dest, token, now);
    }

    private static Asks asks(String method, byte[] token) {
        return (eve, bob, now) -> fixed(eve, eve.to(bob, method, token), bob.gruu(), token, now);
    }

    private static String sameForAll(Asks asks) throws SipException {
        Seen unknown = ask(Bob.UNKNOWN, asks);
        assertFalse(unknown.answers.isEmpty());
        assertEquals(0, unknown.kept, "nothing of a stranger is kept");
        for (Bob what : Bob.values()) {
            Seen seen = ask(what, asks);
            assertEquals(unknown.answers, seen.answers, what.name());
            assertEquals(unknown.kept, seen.kept, what.name());
        }
        return unknown.answers;
    }

    @Test
    void whoeverIsAskedForTheAnswerIsTheSameByteForByte() throws SipException {
        for (byte[] token : List.of(Person.NO_TOKEN, WRONG)) {
            String invite = sameForAll(asks("INVITE", token));
            assertTrue(invite.startsWith("SIP/2.0 403 Send a contact request"), invite);
            String message = sameForAll(asks("MESSAGE", token));
            assertTrue(message.startsWith("SIP/2.0 202 "), message);
            String subscribe = sameForAll(asks("SUBSCRIBE", token));
            assertTrue(subscribe.startsWith("SIP/2.0 200 "), subscribe);
            assertTrue(subscribe.contains("Subscription-State: pending;expires=600"), subscribe);
        }
    }

    @Test
    void aRequestThatClaimsToBelongToADialogTellsNoMore() throws SipException {
        for (String method : List.of("BYE", "INFO", "NOTIFY", "UPDATE", "INVITE", "SUBSCRIBE")) {
            String answer = sameForAll((eve, bob, now) -> {
                Edit edit = eve.request(method, bob.gruu(), "<sip:bob@example.org>;tag=guessed");
                if (method.equals("SUBSCRIBE")) edit.add("Event", "presence");
                edit.add("Contact", "<" + eve.gruu() + ">");
                return fixed(eve, edit, bob.gruu(), Person.NO_TOKEN, now);
            });
            assertTrue(answer.startsWith("SIP/2.0 481 "), method + ": " + answer);
        }
        String message = sameForAll((eve, bob, now) -> {
            Edit edit = eve.to(bob, "MESSAGE", Person.NO_TOKEN).set("To", "<sip:bob@example.org>;tag=guessed");
            return fixed(eve, edit, bob.gruu(), Person.NO_TOKEN, now);
        });
        assertTrue(message.startsWith("SIP/2.0 202 "), message);
    }

    @Test
    void otherMethodsTellNoMore() throws SipException {
        for (String method : List.of("INFO", "NOTIFY", "REFER", "BYE", "PRACK", "TELEPORT")) {
            String answer = sameForAll((eve, bob, now) -> fixed(
                    eve, eve.request(method, bob.gruu(), "<sip:bob@example.org>"), bob.gruu(), Person.NO_TOKEN, now));
            assertTrue(answer.startsWith("SIP/2.0 405 "), method + ": " + answer);
        }
    }

    @Test
    void onesOwnNameBeforeAnothersDeviceOpensNothing() throws SipException {
        for (String method : List.of("INVITE", "MESSAGE", "SUBSCRIBE")) {
            String answer = sameForAll((eve, bob, now) -> {
                String mixed = bob.device().gruu(eve.address());
                Edit edit = eve.to(bob, method, Person.NO_TOKEN).uri(mixed).set("To", "<sip:eve@example.com>");
                return fixed(eve, edit, mixed, Person.NO_TOKEN, now);
            });
            assertFalse(answer.contains("active"), answer);
        }
    }

    @Test
    void aMessageKnocksAndNothingElseReachesTheDevice() throws SipException {
        assertEquals(1, ask(Bob.HERE, asks("MESSAGE", WRONG)).reachedBob);
        assertEquals(0, ask(Bob.HERE_AND_BLOCKS_EVE, asks("MESSAGE", WRONG)).reachedBob);
        assertEquals(0, ask(Bob.HERE, asks("INVITE", WRONG)).reachedBob);
        assertEquals(0, ask(Bob.HERE, asks("SUBSCRIBE", WRONG)).reachedBob);
    }

    @Test
    void threeKnocksAnHourHoweverTheSenderSpellsHisName() {
        try (var world = new World()) {
            var peer = world.peer("one");
            Person eve = world.person("eve@example.com"), bob = world.person("bob@example.org");
            MemoryFlow bobFlow = peer.online(bob), eveFlow = peer.online(eve);
            String[] spellings = {
                "sip:eve@example.com", "sip:Eve@example.com", "sip:%65ve@example.com", "sip:eve@EXAMPLE.com;x=1"
            };
            int knocks = 0;
            for (int i = 0; i < 12; i++) {
                Edit edit = eve.to(bob, "MESSAGE", Person.NO_TOKEN)
                        .set("From", "<" + spellings[i % spellings.length] + ">;tag=1");
                eveFlow.says(eve.signed(edit, bob.gruu(), Person.NO_TOKEN, world.time.instant())
                        .bytes());
                assertEquals(202, eveFlow.one().status(), spellings[i % spellings.length]);
                for (SipMessage knock : bobFlow.heard()) {
                    assertEquals("1", knock.required("starling-knock"));
                    knocks++;
                }
            }
            assertEquals(3, knocks);
            world.time.pass(Duration.ofMinutes(21));
            bobFlow = peer.online(bob);
            eveFlow = peer.online(eve);
            eveFlow.says(eve.signedTo(bob, "MESSAGE", Person.NO_TOKEN, world.time.instant())
                    .bytes());
            assertTrue(bobFlow.heard().stream().anyMatch(m -> m.method().equals("MESSAGE")));
        }
    }

    @Test
    void aTokenLetsInAndTheNextWishesReplaceItWhole() {
        try (var world = new World()) {
            var peer = world.peer("one");
            Person alice = world.person("alice@example.net"), bob = world.person("bob@example.org");
            MemoryFlow bobFlow = peer.online(bob), aliceFlow = peer.online(alice);
            peer.wishes(bobFlow, bob, List.of(TOKEN), false, List.of());
            aliceFlow.says(
                    alice.signedTo(bob, "MESSAGE", TOKEN, world.time.instant()).bytes());
            assertTrue(bobFlow.one().first("starling-knock").isEmpty());
            peer.wishes(bobFlow, bob, List.of(WRONG), false, List.of());
            aliceFlow.says(
                    alice.signedTo(bob, "INVITE", TOKEN, world.time.instant()).bytes());
            assertEquals(403, aliceFlow.one().status());
            peer.wishes(
                    bobFlow, bob, List.of(TOKEN), true, List.of(alice.address().bytes()));
            aliceFlow.says(
                    alice.signedTo(bob, "INVITE", TOKEN, world.time.instant()).bytes());
            assertEquals(403, aliceFlow.one().status(), "blocked goes before a token and before strangers that ring");
        }
    }

    @Test
    void consentOutlivesARestart() {
        try (var world = new World()) {
            var peer = world.peer("one");
            Person alice = world.person("alice@example.net"), bob = world.person("bob@example.org");
            peer.wishes(peer.online(bob), bob, List.of(TOKEN), false, List.of());
            peer.restart();
            MemoryFlow bobFlow = peer.online(bob), aliceFlow = peer.online(alice);
            aliceFlow.says(
                    alice.signedTo(bob, "INVITE", TOKEN, world.time.instant()).bytes());
            assertEquals("INVITE", bobFlow.one().method());
        }
    }

    @Test
    void strangersRingWhereTheDeviceWantsThem() {
        try (var world = new World()) {
            var peer = world.peer("one");
            Person eve = world.person("eve@example.com"), bob = world.person("bob@example.org");
            MemoryFlow bobFlow = peer.online(bob), eveFlow = peer.online(eve);
            peer.wishes(bobFlow, bob, List.of(), true, List.of());
            eveFlow.says(eve.signedTo(bob, "INVITE", Person.NO_TOKEN, world.time.instant())
                    .bytes());
            assertEquals("INVITE", bobFlow.one().method());
        }
    }

    @Test
    void onesOwnOtherDevicesNeedNoToken() {
        try (var world = new World()) {
            var peer = world.peer("one");
            Person desk = world.person("bob@example.org"), laptop = world.person("bob@example.org");
            MemoryFlow deskFlow = peer.online(desk), laptopFlow = peer.online(laptop);
            laptopFlow.says(laptop.signedTo(desk, "MESSAGE", Person.NO_TOKEN, world.time.instant())
                    .bytes());
            assertEquals("MESSAGE", deskFlow.one().method());
            deskFlow.close("away");
            laptopFlow.heard();
            laptopFlow.says(laptop.signedTo(desk, "MESSAGE", Person.NO_TOKEN, world.time.instant())
                    .bytes());
            assertEquals(480, laptopFlow.one().status());
        }
    }
}
