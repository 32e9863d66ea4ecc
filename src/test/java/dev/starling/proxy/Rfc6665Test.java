package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// RFC 6665, section 4.2: the notifier, here the presence agent (RFC 3856). The watcher is at another peer.
class Rfc6665Test {
    private static final byte[] TOKEN = new byte[32];
    private static final byte[] PIDF = "<presence/>".getBytes(StandardCharsets.US_ASCII);
    private final World world = new World();
    private final World.TestPeer one = world.peer("one"), two = world.peer("two");
    private final Person alice = world.person("alice@example.net"), bob = world.person("bob@example.org");
    private MemoryFlow aliceFlow = one.flow(), bobFlow = two.flow();

    @BeforeEach
    void online() {
        aliceFlow = one.online(alice);
        bobFlow = two.online(bob);
        two.wishes(bobFlow, bob, List.of(TOKEN), false, List.of());
    }

    @AfterEach
    void end() {
        world.close();
    }

    private Instant now() {
        return world.time.instant();
    }

    private record Watching(Dialog dialog, SipMessage ok, SipMessage first) {}

    private Watching subscribe(String expires) {
        try {
            Edit edit =
                    alice.to(bob, "SUBSCRIBE", TOKEN).set("Expires", expires).add("Route", two.route());
            SipMessage request = alice.signed(edit, bob.gruu(), TOKEN, now());
            aliceFlow.says(request.bytes());
            List<SipMessage> heard = aliceFlow.heard();
            assertEquals(2, heard.size(), "the 200 and the NOTIFY: " + heard);
            assertEquals(200, heard.get(0).status());
            Dialog dialog = Dialog.asking(request, heard.get(0)).received(heard.get(1));
            answer(heard.get(1), 200);
            return new Watching(dialog, heard.get(0), heard.get(1));
        } catch (SipException e) {
            throw new AssertionError(e);
        }
    }

    private void answer(SipMessage notify, int status) {
        aliceFlow.says(Calls.answer(notify, status, alice, "").bytes());
    }

    private void publish(Map<String, String> more) {
        var all = new java.util.HashMap<>(Map.of("Starling-Signature", bob.presenceSignature(PIDF, now())));
        all.putAll(more);
        bobFlow.says(bob.publish(two.uri(), "presence", "application/pidf+xml", PIDF, now(), all)
                .bytes());
        SipMessage answer = bobFlow.one();
        assertEquals(200, answer.status(), answer.reason());
    }

    private SipMessage notified() {
        SipMessage notify = aliceFlow.one();
        assertEquals("NOTIFY", notify.method());
        answer(notify, 200);
        return notify;
    }

    private static String state(SipMessage notify) {
        return notify.required("subscription-state");
    }

    @Test
    void aSubscriptionIsGrantedForTenMinutesAtMostAndItsNotifyFollowsAtOnce() {
        Watching watching = subscribe("3600");
        assertEquals("1800", watching.ok.required("expires"));
        assertEquals("active;expires=1800", state(watching.first));
        assertEquals("presence", watching.first.required("event"));
        assertEquals(0, watching.first.bodyLength());
        assertEquals("60", subscribe("60").ok.required("expires"));
    }

    @Test
    void whatTheDevicePublishesReachesTheWatcherSigned() throws SipException {
        Watching watching = subscribe("600");
        publish(Map.of());
        SipMessage notify = notified();
        watching.dialog.received(notify);
        assertEquals(2, notify.cseq());
        assertEquals("<presence/>", new String(notify.body(), StandardCharsets.US_ASCII));
        assertTrue(notify.first("starling-signature").isPresent());
        assertEquals("<presence/>", new String(subscribe("600").first.body(), StandardCharsets.US_ASCII));
    }

    @Test
    void theEndOfTheFlowIsToldAtOnce() {
        publish(Map.of());
        subscribe("600");
        bobFlow.close("crash");
        SipMessage notify = notified();
        assertEquals("active;expires=600", state(notify));
        assertEquals(0, notify.bodyLength());
    }

    @Test
    void signingOffAndWithdrawingAreToldAtOnce() throws SipException {
        publish(Map.of());
        subscribe("600");
        publish(Map.of("Expires", "0"));
        assertEquals(0, notified().bodyLength());
        publish(Map.of());
        assertTrue(notified().bodyLength() > 0);
        Edit off = bob.request("REGISTER", "sip:peer.example", "<sip:bob@example.org>")
                .add("Contact", bob.contact().replace("expires=600", "expires=0"));
        bobFlow.says(bob.signed(off, two.uri(), Person.NO_TOKEN, now()).bytes());
        assertEquals(0, notified().bodyLength());
    }

    @Test
    void aRefreshKeepsTheDialogAndItsTime() throws SipException {
        Watching watching = subscribe("600");
        world.time.pass(Duration.ofSeconds(300));
        SipMessage refresh = refresh(watching.dialog, "600", 1);
        aliceFlow.says(refresh.bytes());
        List<SipMessage> heard = aliceFlow.heard();
        assertEquals(200, heard.get(0).status());
        assertEquals("active;expires=600", state(heard.get(1)));
        answer(heard.get(1), 200);
        world.time.pass(Duration.ofSeconds(400));
        assertEquals(1, two.edge.subscriptions(), "it would be over without the refresh");
    }

    private SipMessage refresh(Dialog dialog, String expires, int times) throws SipException {
        var outgoing = dialog.request("SUBSCRIBE");
        for (int i = 1; i < times; i++) outgoing = outgoing.dialog().request("SUBSCRIBE");
        return Calls.sendable(outgoing.request()
                .add("Event", "presence")
                .add("Expires", expires)
                .add("Contact", "<" + alice.gruu() + ">"));
    }

    @Test
    void aRefreshOutOfOrderIs500AndOneOfAStrangerIs481() throws SipException {
        Watching watching = subscribe("600");
        aliceFlow.says(refresh(watching.dialog, "600", 2).bytes());
        aliceFlow
                .heard()
                .forEach(m -> assertTrue(m.status() == 200 || m.method().equals("NOTIFY")));
        aliceFlow.says(refresh(watching.dialog, "600", 1).bytes());
        assertEquals(500, aliceFlow.one().status());
        SipMessage guessed = refresh(watching.dialog, "0", 3)
                .edit()
                .set("Call-ID", "x")
                .remove("Route")
                .build();
        aliceFlow.says(guessed.edit().add("Route", two.route()).build().bytes());
        assertEquals(481, aliceFlow.one().status());
        assertEquals(1, two.edge.subscriptions());
    }

    @Test
    void expiresZeroEndsItWithALastNotify() throws SipException {
        Watching watching = subscribe("600");
        aliceFlow.says(refresh(watching.dialog, "0", 1).bytes());
        List<SipMessage> heard = aliceFlow.heard();
        assertEquals("0", heard.get(0).required("expires"));
        assertEquals("terminated;reason=timeout", state(heard.get(1)));
        assertEquals(0, two.edge.subscriptions());
        aliceFlow.says(refresh(watching.dialog, "600", 2).bytes());
        assertEquals(481, aliceFlow.one().status());
    }

    @Test
    void whoAsksForNoTimeGetsOneNotifyWithTheState() {
        publish(Map.of());
        Watching watching = subscribe("0");
        assertEquals("terminated;reason=timeout", state(watching.first));
        assertTrue(watching.first.bodyLength() > 0);
        assertEquals(0, two.edge.subscriptions());
    }

    @Test
    void whatIsNotRefreshedEndsAndSaysSo() {
        subscribe("300");
        world.time.pass(Duration.ofSeconds(331));
        SipMessage last = aliceFlow.heard().getLast();
        assertEquals("terminated;reason=timeout", state(last));
        assertEquals(0, two.edge.subscriptions());
    }

    @Test
    void aWatcherThatKnowsNothingOfItIsForgottenOneThatIsAwayIsNot() {
        subscribe("600");
        publish(Map.of());
        answer(aliceFlow.one(), 480);
        assertEquals(1, two.edge.subscriptions());
        publish(Map.of());
        answer(aliceFlow.one(), 481);
        assertEquals(0, two.edge.subscriptions());
    }

    @Test
    void anotherPackageIs489AndWithoutContactItIs400() {
        Edit other = alice.to(bob, "SUBSCRIBE", TOKEN).set("Event", "dialog").add("Route", two.route());
        aliceFlow.says(alice.signed(other, bob.gruu(), TOKEN, now()).bytes());
        SipMessage answer = aliceFlow.one();
        assertEquals(489, answer.status());
        assertEquals("presence", answer.required("allow-events"));
        Edit none = alice.to(bob, "SUBSCRIBE", TOKEN).remove("Contact").add("Route", two.route());
        aliceFlow.says(alice.signed(none, bob.gruu(), TOKEN, now()).bytes());
        assertEquals(400, aliceFlow.one().status());
    }

    @Test
    void oneWatcherKeepsTwoSubscriptionsToADevice() {
        for (int i = 0; i < 7; i++) subscribe("600");
        assertEquals(2, two.edge.subscriptions());
        publish(Map.of());
        assertEquals(2, aliceFlow.heard().size());
    }
}
