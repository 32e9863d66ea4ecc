package dev.starling.nat.ice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.nat.ice.IceAgent.Action;
import dev.starling.nat.stun.Attribute;
import dev.starling.nat.stun.StunClass;
import dev.starling.nat.stun.StunWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/// Two agents on a network of this test, in simulated time.
class IceAgentTest {
    private static final long SEED = 8445;
    private static final InetSocketAddress A = at("192.0.2.1", 1000), B = at("198.51.100.2", 2000);

    private record Packet(boolean toB, byte[] bytes) {}

    private final Random random = new Random(SEED);
    private final List<Action> ofA = new ArrayList<>(), ofB = new ArrayList<>();
    private final Deque<Packet> flying = new ArrayDeque<>();
    private final List<InetSocketAddress> targets = new ArrayList<>();
    private int lossPercent;
    private long now;
    private IceAgent a = agent(A, true, _ -> true);
    private IceAgent b = agent(B, false, _ -> true);

    private static InetSocketAddress at(String host, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    }

    private IceAgent agent(InetSocketAddress at, boolean controls, Predicate<InetAddress> mayReach) {
        var limits = new IceAgent.Limits(4, 30_000);
        return new IceAgent(List.of(at.getAddress()), Credentials.draw(random), controls, limits, mayReach, random);
    }

    private void start() {
        a.start(b.local(), false, now);
        b.start(a.local(), false, now);
    }

    private void act(boolean isA, List<Action> actions) {
        (isA ? ofA : ofB).addAll(actions);
        for (Action each : actions) {
            if (!(each instanceof Action.Send(Path to, byte[] bytes))) continue;
            targets.add(to.remote());
            boolean arrives = to.remote().equals(isA ? B : A) && random.nextInt(100) >= lossPercent;
            if (arrives) flying.add(new Packet(isA, bytes));
        }
    }

    /// Ten milliseconds at a time; what is sent arrives with the next step.
    private void run(long millis) {
        for (long end = now + millis; now < end; now += 10) {
            var arriving = new ArrayList<>(flying);
            flying.clear();
            for (Packet each : arriving)
                act(!each.toB, (each.toB ? b : a).received(new Path(0, each.toB ? A : B), each.bytes, now));
            act(true, a.tick(now));
            act(false, b.tick(now));
        }
    }

    private static long count(List<Action> actions, Class<? extends Action> kind) {
        return actions.stream().filter(kind::isInstance).count();
    }

    private void assertBothSelected() {
        assertTrue(ofA.contains(new Action.Selected(new Path(0, B))), "a has the way");
        assertTrue(ofB.contains(new Action.Selected(new Path(0, A))), "b has the way");
    }

    @Test
    void twoAgentsFindTheWayInAFewRoundTrips() {
        a.add(B, 100);
        b.add(A, 100);
        start();
        run(100);
        assertBothSelected();
        assertTrue(ofA.indexOf(new Action.Usable(new Path(0, B))) >= 0);
    }

    @Test
    void whoNamesNothingIsFoundByItsChecks() {
        b.add(A, 100); // a knows no candidate: as of a browser that names itself by mDNS.
        start();
        run(200);
        assertBothSelected();
    }

    @Test
    void checksThatComeBeforeTheAnswerAreRemembered() {
        b.add(A, 100);
        b.start(a.local(), false, now);
        run(100);
        a.start(b.local(), false, now);
        run(100);
        assertBothSelected();
    }

    @Test
    void aThirdOfThePacketsMayBeLost() {
        a.add(B, 100);
        b.add(A, 100);
        lossPercent = 33;
        start();
        run(8_000);
        assertBothSelected();
        run(60_000);
        assertEquals(0, count(ofA, Action.Failed.class));
    }

    @Test
    void twoThatBothControlAgreeOnOne() {
        b = agent(B, true, _ -> true);
        a.add(B, 100);
        b.add(A, 100);
        start();
        run(1_000);
        assertBothSelected();
    }

    @Test
    void twoOfWhichNeitherControlsAgreeOnOne() {
        a = agent(A, false, _ -> true);
        a.add(B, 100);
        b.add(A, 100);
        start();
        run(1_000);
        assertBothSelected();
    }

    @Test
    void whereNothingWorksItEndsInTime() {
        a.add(at("203.0.113.9", 9), 100);
        a.start(b.local(), false, now);
        run(29_900);
        assertEquals(0, count(ofA, Action.Failed.class));
        run(200);
        assertEquals(1, count(ofA, Action.Failed.class));
        assertTrue(targets.size() <= 20, targets.size() + " checks");
    }

    @Test
    void consentIsLostThirtySecondsAfterTheOtherSideFellSilent() {
        a.add(B, 100);
        b.add(A, 100);
        start();
        run(120_000);
        assertEquals(0, count(ofA, Action.Failed.class));
        lossPercent = 100;
        run(24_000);
        assertEquals(0, count(ofA, Action.Failed.class));
        run(12_000);
        assertEquals(1, count(ofA, Action.Failed.class));
    }

    @Test
    void nothingIsSentWhereNothingMayBe() {
        a = agent(A, true, address -> !address.isSiteLocalAddress());
        assertFalse(a.add(at("192.168.1.1", 53), 100));
        assertFalse(a.add(at("10.0.0.1", 5000), 100));
        a.start(b.local(), false, now);
        // Nor because a check with our password seems to come from there.
        var check = new StunWriter(IceAgent.BINDING, StunClass.REQUEST, new byte[12])
                .put(Attribute.USERNAME, a.local().ufrag() + ":" + b.local().ufrag())
                .protect(a.local().key())
                .fingerprint();
        act(true, a.received(new Path(0, at("192.168.1.1", 53)), check.bytes(), now));
        run(1_000);
        assertEquals(List.of(), targets);
    }

    @Test
    void whoHasNotThePasswordGetsNoAnswer() {
        a.start(b.local(), false, now);
        for (byte[] key : List.of(new byte[] {1}, b.local().key())) {
            var check = new StunWriter(IceAgent.BINDING, StunClass.REQUEST, new byte[12])
                    .put(Attribute.USERNAME, a.local().ufrag() + ":" + b.local().ufrag())
                    .protect(key);
            assertEquals(List.of(), a.received(new Path(0, B), check.bytes(), now));
        }
        byte[] noise = new byte[100];
        for (int i = 0; i < 1000; i++) {
            random.nextBytes(noise);
            noise[0] = 0;
            noise[1] = 1;
            assertEquals(List.of(), a.received(new Path(0, B), noise, now));
        }
        assertFalse(a.isProven(new Path(0, B)));
    }

    @Test
    void noMoreCandidatesThanAreAllowed() {
        for (int i = 0; i < 100; i++) a.add(at("203.0.113.1", 1000 + i), 100);
        a.start(b.local(), false, now);
        run(20_000);
        assertEquals(4, targets.stream().distinct().count());
    }
}
