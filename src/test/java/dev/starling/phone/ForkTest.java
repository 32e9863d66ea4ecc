package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestSent;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// One call out of an ordinary SIP domain that rings several phones (docs/protocols/classic.md, section 2): who has it,
/// what the others hear, and that nothing of it stays behind.
class ForkTest {
    private static final String ELSEWHERE = "SIP;cause=200;text=\"Call completed elsewhere\"",
            DECLINED = "SIP;cause=603;text=\"Declined elsewhere\"";

    @TempDir
    Path folder;

    private ForkWorld world;
    private PhoneWorld.PhoneFlow desk, kitchen;
    private int timers, transactions;

    @BeforeEach
    void begin() throws Exception {
        open("UDP");
    }

    private void open(String transport) throws Exception {
        world = new ForkWorld(folder, transport);
        desk = world.phone("192.0.2.7");
        kitchen = world.phone("192.0.2.8");
        world.time.pass(Duration.ofSeconds(40));
        PhoneWorld.heard(desk);
        PhoneWorld.heard(kitchen);
        timers = world.time.waiting();
        transactions = world.phones.edge.transactions();
    }

    @AfterEach
    void end() {
        world.close();
    }

    private SipMessage calls(String callId) {
        SipMessage invite = PhoneWorld.built(world.invite(callId));
        world.says(invite.edit());
        return invite;
    }

    /// Both ring, and the caller hears of it once.
    private List<SipMessage> bothRing() {
        var invites = List.of(ForkWorld.next(desk), ForkWorld.next(kitchen));
        world.says(desk, invites.get(0), 180, "");
        assertEquals("180 INVITE", ForkWorld.line(world.server));
        world.says(kitchen, invites.get(1), 180, "");
        return invites;
    }

    private void acknowledges(SipMessage ok) {
        world.says(world.request("ACK", ok.callId()).set("To", ok.required("to")));
        PhoneWorld.next(world.acknowledged);
    }

    private void hangsUp(SipMessage ok) {
        world.says(
                world.request("BYE", ok.callId()).set("To", ok.required("to")).set("CSeq", "2 BYE"));
        assertEquals("200 BYE", ForkWorld.line(world.server));
    }

    /// It was cancelled, and says so.
    private void isCancelled(PhoneWorld.PhoneFlow phone, SipMessage invite, List<String> reasons) {
        SipMessage cancel = ForkWorld.next(phone);
        assertEquals("CANCEL", ForkWorld.line(cancel));
        assertEquals(reasons, cancel.all("reason"));
        world.says(phone, cancel, 200, "");
        world.says(phone, invite, 487, "");
        assertEquals("ACK", ForkWorld.line(phone));
    }

    private void isEnded(PhoneWorld.PhoneFlow phone) {
        SipMessage bye = ForkWorld.next(phone);
        assertEquals("BYE", ForkWorld.line(bye));
        world.says(phone, bye, 200, "");
    }

    /// Once what waits for copies has passed; what other threads are doing may come to its end meanwhile.
    private void nothingIsLeft() {
        String none = "bridges 0, calls [], ports [], timers " + timers + ", transactions " + transactions + " and 0";
        String left = left();
        for (int i = 0; i < 200 && !left.equals(none); i++) {
            if (i % 100 == 4) world.time.pass(Duration.ofSeconds(33));
            pause();
            left = left();
        }
        assertEquals(none, left);
    }

    private static void pause() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private String left() {
        return "bridges " + world.bridges.size() + ", calls " + world.calls + ", ports " + ForkWorld.portsInUse()
                + ", timers " + world.time.waiting() + ", transactions " + world.phones.edge.transactions() + " and "
                + world.edge.size();
    }

    private void nobodyHears(PhoneWorld.PhoneFlow... flows) {
        for (var each : flows) assertEquals(List.of(), PhoneWorld.heard(each), each.id());
    }

    @Test
    void theFirstThatAnswersHasItAndTheOtherHearsThatItWasAnsweredElsewhere() {
        calls("a");
        var invites = bothRing();
        assertTrue(invites.getFirst().required("from").startsWith("\"not verified: Carol\" <sip:carol@classic"));
        world.says(desk, invites.get(0), 200, ForkWorld.SDP);
        SipMessage ok = ForkWorld.next(world.server);
        assertEquals("200 INVITE", ForkWorld.line(ok));
        assertTrue(ok.hasSdp());
        assertEquals("ACK", ForkWorld.line(desk));
        isCancelled(kitchen, invites.get(1), List.of(ELSEWHERE));
        acknowledges(ok);
        assertEquals(1, world.calls.size());
        assertEquals(4, ForkWorld.portsInUse().size(), "of the caller and of one phone");
        hangsUp(ok);
        isEnded(desk);
        nothingIsLeft();
        nobodyHears(world.server, desk, kitchen);
    }

    @Test
    void aPhoneThatSaysNothingBeforeItWasAnsweredElsewhereIsToldWhyWhenItRings() {
        calls("a");
        var atDesk = ForkWorld.next(desk);
        var inKitchen = ForkWorld.next(kitchen);
        world.says(desk, atDesk, 200, ForkWorld.SDP);
        SipMessage ok = ForkWorld.next(world.server);
        acknowledges(ok);
        nobodyHears(kitchen);
        world.says(kitchen, inKitchen, 180, "");
        isCancelled(kitchen, inKitchen, List.of(ELSEWHERE));
        hangsUp(ok);
        nothingIsLeft();
    }

    @Test
    void whoDeclinesDeclinesForAll() {
        calls("a");
        var invites = bothRing();
        world.says(kitchen, invites.get(1), 603, "");
        assertEquals("603 INVITE", ForkWorld.line(world.server));
        assertEquals("ACK", ForkWorld.line(kitchen));
        isCancelled(desk, invites.get(0), List.of(DECLINED));
        nothingIsLeft();
    }

    @Test
    void oneThatIsBusyLetsTheOtherRing() {
        calls("a");
        var invites = bothRing();
        world.says(kitchen, invites.get(1), 486, "");
        assertEquals("ACK", ForkWorld.line(kitchen));
        world.says(desk, invites.get(0), 200, ForkWorld.SDP);
        SipMessage ok = ForkWorld.next(world.server);
        assertEquals("200 INVITE", ForkWorld.line(ok));
        acknowledges(ok);
        hangsUp(ok);
        nothingIsLeft();
        nobodyHears(kitchen);
    }

    @ParameterizedTest
    @CsvSource({
        "486, 486, 486",
        "480, 486, 486",
        "486, 404, 486",
        "408, 403, 408",
        "404, 403, 403",
        "403, 480, 480",
        "500, 404, 500",
        "401, 404, 480",
        "404, 407, 480",
        "302, 404, 480"
    })
    void whenNoneIsLeftTheCallerHearsWhatTellsMost(int first, int second, int heard) {
        calls("a");
        var invites = bothRing();
        world.says(desk, invites.get(0), first, "");
        assertEquals("ACK", ForkWorld.line(desk));
        world.says(kitchen, invites.get(1), second, "");
        assertEquals(heard + " INVITE", ForkWorld.line(world.server));
        assertEquals("ACK", ForkWorld.line(kitchen));
        nothingIsLeft();
    }

    @Test
    void aCallerWhoGivesUpIsAnsweredAndAllStop() {
        SipMessage invite = calls("a");
        var invites = bothRing();
        world.says(ForkWorld.cancel(invite).add("Reason", "SIP;cause=487"));
        assertEquals("200 CANCEL", ForkWorld.line(world.server));
        assertEquals("487 INVITE", ForkWorld.line(world.server));
        isCancelled(desk, invites.get(0), List.of("SIP;cause=487"));
        isCancelled(kitchen, invites.get(1), List.of("SIP;cause=487"));
        nothingIsLeft();
    }

    @Test
    void aCallerWhoGivesUpBeforeAnyPhoneHasAnsweredIsAnsweredAtOnceAndThePhonesWhenTheySaySomething() {
        SipMessage invite = calls("a");
        var atDesk = ForkWorld.next(desk);
        var inKitchen = ForkWorld.next(kitchen);
        world.says(ForkWorld.cancel(invite));
        assertEquals("200 CANCEL", ForkWorld.line(world.server));
        assertEquals("487 INVITE", ForkWorld.line(world.server));
        nobodyHears(desk, kitchen);
        world.says(desk, atDesk, 180, "");
        isCancelled(desk, atDesk, List.of());
        world.says(kitchen, inKitchen, 200, ForkWorld.SDP);
        assertEquals("ACK", ForkWorld.line(kitchen));
        isEnded(kitchen);
        nothingIsLeft();
    }

    @Test
    void aCallerWhoGaveUpWhileTheyWereLookedForMakesNobodyRing() {
        world.before = stranger -> stranger.server().cancel(List.of());
        calls("a");
        assertEquals("487 INVITE", ForkWorld.line(world.server));
        nothingIsLeft();
        nobodyHears(desk, kitchen);
    }

    @Test
    void aCallerWhoGivesUpWhileAnAnswerIsReadHasNoCall() {
        var stranger = new java.util.concurrent.atomic.AtomicReference<dev.starling.classic.Stranger>();
        world.before = stranger::set;
        world.callees.set(0, world.new Rung(world.callees.getFirst().handset()) {
            @Override
            public PhoneCall begin(Descriptions descriptions) throws SipException {
                Runnable cancel = () -> stranger.get().server().cancel(List.of());
                return super.begin(followed(descriptions, "answered", cancel));
            }
        });
        calls("a");
        var invites = bothRing();
        world.says(desk, invites.get(0), 200, ForkWorld.SDP);
        assertEquals("487 INVITE", ForkWorld.line(world.server));
        assertEquals("ACK", ForkWorld.line(desk));
        isEnded(desk);
        isCancelled(kitchen, invites.get(1), List.of());
        nothingIsLeft();
    }

    /// The same, and something that happens after one of its steps.
    private static Descriptions followed(Descriptions all, String step, Runnable then) {
        Class<?>[] like = {Descriptions.class};
        return (Descriptions) Proxy.newProxyInstance(Descriptions.class.getClassLoader(), like, (_, what, of) -> {
            Object result = what.invoke(all, of);
            if (what.getName().equals(step)) then.run();
            return result;
        });
    }

    @Test
    void aConnectionOfTheCallerThatEndsStopsAll() throws Exception {
        world.close();
        open("TCP");
        calls("a");
        var invites = bothRing();
        world.server.close("gone");
        isCancelled(desk, invites.get(0), List.of());
        isCancelled(kitchen, invites.get(1), List.of());
        nothingIsLeft();
    }

    @Test
    void twoThatAnswerAtNearlyTheSameMomentAreOneCallAndOneThatEnds() {
        for (int i = 0; i < 30; i++) {
            calls("a" + i);
            var invites = bothRing();
            world.saysSoon(desk, invites.get(0), 200, ForkWorld.SDP);
            world.saysSoon(kitchen, invites.get(1), 200, ForkWorld.SDP);
            world.settle(desk);
            world.settle(kitchen);
            SipMessage ok = ForkWorld.next(world.server);
            assertEquals("200 INVITE", ForkWorld.line(ok));
            acknowledges(ok);
            boolean isDesks = isEndedAtOnce(kitchen);
            assertTrue(isDesks != isEndedAtOnce(desk), "one of them is ended");
            var its = isDesks ? desk : kitchen;
            hangsUp(ok);
            isEnded(its);
            nothingIsLeft();
            nobodyHears(world.server, desk, kitchen);
        }
    }

    /// Whether it was told ACK and BYE, perhaps after a CANCEL that came too late; else it was told ACK.
    private boolean isEndedAtOnce(PhoneWorld.PhoneFlow phone) {
        var heard = PhoneWorld.heard(phone);
        var lines = heard.stream()
                .map(ForkWorld::line)
                .filter(each -> !each.equals("CANCEL"))
                .toList();
        for (SipMessage each : heard) if (!each.method().equals("ACK")) world.says(phone, each, 200, "");
        assertTrue(lines.equals(List.of("ACK")) || lines.equals(List.of("ACK", "BYE")), lines.toString());
        return lines.size() == 2;
    }

    @Test
    void anAnswerWithoutSoundEndsThatOneAndLetsTheOtherRing() {
        calls("a");
        var invites = bothRing();
        world.says(desk, invites.get(0), 200, "");
        assertEquals("ACK", ForkWorld.line(desk));
        isEnded(desk);
        world.says(kitchen, invites.get(1), 200, ForkWorld.SDP);
        SipMessage ok = ForkWorld.next(world.server);
        assertEquals("200 INVITE", ForkWorld.line(ok));
        acknowledges(ok);
        hangsUp(ok);
        assertEquals("ACK", ForkWorld.line(kitchen));
        isEnded(kitchen);
        nothingIsLeft();
    }

    /// A phone to which nothing can be sent.
    private static Handset unreachable(Handset handset) {
        return (Handset) Proxy.newProxyInstance(
                Handset.class.getClassLoader(), new Class<?>[] {Handset.class}, (_, what, of) -> {
                    if (what.getReturnType().equals(RequestSent.class)) throw new SipException(480, "Not here");
                    return what.invoke(handset, of);
                });
    }

    @Test
    void oneThatCannotBeAskedLetsTheOtherRing() {
        world.callees.set(0, world.new Rung(unreachable(world.callees.getFirst().handset())));
        calls("a");
        var invite = ForkWorld.next(kitchen);
        world.says(kitchen, invite, 200, ForkWorld.SDP);
        SipMessage ok = ForkWorld.next(world.server);
        assertEquals("200 INVITE", ForkWorld.line(ok));
        acknowledges(ok);
        hangsUp(ok);
        nothingIsLeft();
        nobodyHears(desk);
    }

    @Test
    void whenNoneCanBeAskedTheCallerHearsSo() {
        world.callees.replaceAll(each -> world.new Rung(unreachable(each.handset())));
        calls("a");
        assertEquals("480 INVITE", ForkWorld.line(world.server));
        nothingIsLeft();
    }

    /// One that has as many calls as it may.
    private Callee full(Callee callee) {
        return world.new Rung(callee.handset()) {
            @Override
            public PhoneCall begin(Descriptions descriptions) throws SipException {
                throw new SipException(486, "Busy Here");
            }
        };
    }

    /// One that cannot answer the caller: the peer stops.
    private Callee stopping(Callee callee) {
        return world.new Rung(callee.handset()) {
            @Override
            public Neighbour neighbour(dev.starling.sip.transport.Flow flow) throws SipException {
                throw new SipException(503, "Stopping");
            }
        };
    }

    @Test
    void whenNoneCanTakeItUpTheCallerHearsWhyAndNothingIsKept() {
        world.callees.replaceAll(this::full);
        calls("a");
        assertEquals("486 INVITE", ForkWorld.line(world.server));
        nothingIsLeft();
    }

    @Test
    void oneThatCannotTakeItUpIsNoCallOfItsPhone() {
        world.callees.set(0, stopping(world.callees.getFirst()));
        calls("a");
        var invite = ForkWorld.next(kitchen);
        assertEquals(1, world.calls.size());
        world.says(kitchen, invite, 486, "");
        assertEquals("486 INVITE", ForkWorld.line(world.server));
        nothingIsLeft();
    }

    @Test
    void whenNobodyAnswersAllStopAfterTwoMinutes() {
        calls("a");
        var invites = bothRing();
        world.time.pass(Duration.ofSeconds(119));
        nobodyHears(world.server, desk, kitchen);
        world.time.pass(Duration.ofSeconds(1));
        assertEquals("480 INVITE", ForkWorld.line(world.server));
        isCancelled(desk, invites.get(0), List.of());
        assertEquals("CANCEL", ForkWorld.line(kitchen), "and it never says anything again");
        nothingIsLeft();
    }

    @Test
    void aCallerWhoDoesNotAcknowledgeIsLeftAfter32Seconds() {
        calls("a");
        var invites = bothRing();
        world.says(desk, invites.get(0), 200, ForkWorld.SDP);
        isCancelled(kitchen, invites.get(1), List.of(ELSEWHERE));
        assertEquals("200 INVITE", ForkWorld.line(world.server));
        assertEquals("ACK", ForkWorld.line(desk));
        world.time.pass(Duration.ofSeconds(33));
        isEnded(desk);
        SipMessage last = ForkWorld.next(world.server);
        while (!last.isRequest()) last = ForkWorld.next(world.server);
        assertEquals("BYE", last.method());
        world.says(Edit.response(last, 200, "OK", "carol"));
        nothingIsLeft();
    }
}
