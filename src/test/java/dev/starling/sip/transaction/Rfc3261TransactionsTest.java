package dev.starling.sip.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/// RFC 3261, section 17, in simulated time.
class Rfc3261TransactionsTest {
    private record Due(Duration at, Timer timer) {}

    /// Runs a machine until nothing is armed, and writes down what it wanted and when.
    private static List<String> run(List<Action> first, Function<Event, List<Action>> machine) {
        var due = new PriorityQueue<Due>(Comparator.comparing(Due::at));
        var log = new ArrayList<String>();
        Duration now = Duration.ZERO;
        List<Action> actions = first;
        while (true) {
            for (Action action : actions) {
                if (action instanceof Action.Arm(Timer timer, Duration after)) due.add(new Due(now.plus(after), timer));
                else log.add(now.toMillis() + " " + action.getClass().getSimpleName());
                if (action instanceof Action.End) return log;
            }
            Due next = due.poll();
            if (next == null) return log;
            now = next.at;
            actions = machine.apply(new Event.Fired(next.timer));
        }
    }

    @Test
    void anUnansweredInviteOverUdpIsSentSevenTimesIn32Seconds() {
        var machine = new ClientTransaction(true, false);
        assertEquals(
                List.of(
                        "0 Send",
                        "500 Send",
                        "1500 Send",
                        "3500 Send",
                        "7500 Send",
                        "15500 Send",
                        "31500 Send",
                        "32000 TimedOut",
                        "32000 End"),
                run(machine.start(), machine::on));
    }

    @Test
    void anUnansweredRequestOverUdpIsSentElevenTimesIn32Seconds() {
        var machine = new ClientTransaction(false, false);
        var log = run(machine.start(), machine::on);
        assertEquals(11, log.stream().filter(l -> l.endsWith(" Send")).count());
        assertEquals("32000 TimedOut", log.get(log.size() - 2));
    }

    @Test
    void overAReliableTransportNothingIsSentTwice() {
        for (boolean invite : new boolean[] {true, false}) {
            var machine = new ClientTransaction(invite, true);
            assertEquals(List.of("0 Send", "32000 TimedOut", "32000 End"), run(machine.start(), machine::on));
        }
    }

    @Test
    void aRefusedInviteIsAcknowledgedEachTimeTheRefusalComes() {
        var machine = new ClientTransaction(true, false);
        machine.start();
        assertEquals(3, machine.on(new Event.Response(486)).size());
        assertEquals(List.of(new Action.SendAck()), machine.on(new Event.Response(486)));
        assertEquals(List.of(), machine.on(new Event.Response(180)));
    }

    @Test
    void everyTwoHundredToAnInviteReachesTheUser() {
        var machine = new ClientTransaction(true, true);
        machine.start();
        assertEquals(new Action.Deliver(), machine.on(new Event.Response(200)).getFirst());
        assertEquals(List.of(new Action.Deliver()), machine.on(new Event.Response(200)));
    }

    @Test
    void aRefusalOverUdpIsRepeatedUntilTheAckComesOr32SecondsPass() {
        var machine = new ServerTransaction(true, false);
        var log = run(machine.on(new Event.Respond(486)), machine::on);
        assertEquals(11, log.stream().filter(l -> l.endsWith(" Send")).count());
        assertEquals("32000 End", log.getLast());
        var acknowledged = new ServerTransaction(true, false);
        acknowledged.on(new Event.Respond(486));
        assertEquals(List.of("5000 End"), run(acknowledged.on(new Event.Ack()), acknowledged::on));
    }

    @Test
    void aRetransmittedRequestGetsTheLastAnswerAgain() {
        var machine = new ServerTransaction(false, false);
        assertEquals(List.of(), machine.on(new Event.Retransmission()));
        machine.on(new Event.Respond(200));
        assertEquals(List.of(new Action.Send()), machine.on(new Event.Retransmission()));
    }

    private static List<Action> after(ClientTransaction machine, int... statuses) {
        machine.start();
        List<Action> last = List.of();
        for (int status : statuses) last = machine.on(new Event.Response(status));
        return last;
    }

    private static List<Action> after(ServerTransaction machine, int... statuses) {
        List<Action> last = List.of();
        for (int status : statuses) last = machine.on(new Event.Respond(status));
        return last;
    }

    /// Figure 5: INVITE, client.
    @Test
    void aRingingInviteIsNotSentAgainAndNeverTimesOutByItself() {
        var machine = new ClientTransaction(true, false);
        machine.start();
        assertEquals(List.of(new Action.Deliver()), machine.on(new Event.Response(180)));
        assertTrue(machine.isProceeding());
        assertEquals(List.of(), machine.on(new Event.Fired(Timer.A)));
        assertEquals(List.of(), machine.on(new Event.Fired(Timer.B)));
        assertEquals(List.of(new Action.Deliver()), machine.on(new Event.Response(183)));
        assertTrue(machine.isWaiting());
    }

    @Test
    void aRefusedInviteStaysForTimerDToAcknowledgeRepetitions() {
        for (boolean reliable : new boolean[] {true, false}) {
            var machine = new ClientTransaction(true, reliable);
            var actions = after(machine, 180, 486);
            assertEquals(new Action.SendAck(), actions.get(0));
            assertEquals(new Action.Deliver(), actions.get(1));
            Duration wait = reliable ? Duration.ZERO : Duration.ofSeconds(32);
            assertEquals(new Action.Arm(Timer.D, wait), actions.get(2));
            assertEquals(List.of(), machine.on(new Event.Response(200)), "a late 2xx belongs to no one here");
            assertEquals(List.of(new Action.End()), machine.on(new Event.Fired(Timer.D)));
            assertEquals(List.of(), machine.on(new Event.Response(486)));
        }
    }

    @Test
    void anAcceptedInviteTakesEvery2xxForTimerMAndNothingElse() {
        var machine = new ClientTransaction(true, true);
        assertEquals(
                List.of(new Action.Deliver(), new Action.Arm(Timer.M, Duration.ofSeconds(32))), after(machine, 200));
        assertEquals(List.of(new Action.Deliver()), machine.on(new Event.Response(299)));
        assertEquals(List.of(), machine.on(new Event.Response(180)));
        assertEquals(List.of(), machine.on(new Event.Response(486)));
        assertEquals(List.of(), machine.on(new Event.Fired(Timer.B)));
        assertFalse(machine.isWaiting());
        assertEquals(List.of(new Action.End()), machine.on(new Event.Fired(Timer.M)));
        assertEquals(List.of(), machine.on(new Event.Response(200)));
    }

    /// Figure 6: other requests, client.
    @Test
    void aRequestThatIsBeingWorkedOnIsSentAgainEachFourSecondsOverUdp() {
        var machine = new ClientTransaction(false, false);
        machine.start();
        assertEquals(
                List.of(new Action.Send(), new Action.Arm(Timer.E, Duration.ofSeconds(1))),
                machine.on(new Event.Fired(Timer.E)));
        machine.on(new Event.Response(100));
        assertEquals(
                List.of(new Action.Send(), new Action.Arm(Timer.E, Duration.ofSeconds(4))),
                machine.on(new Event.Fired(Timer.E)));
        assertEquals(List.of(new Action.TimedOut(), new Action.End()), machine.on(new Event.Fired(Timer.F)));
    }

    @Test
    void anAnsweredRequestStaysForTimerKToSwallowRepetitions() {
        var machine = new ClientTransaction(false, false);
        assertEquals(
                List.of(new Action.Deliver(), new Action.Arm(Timer.K, Duration.ofSeconds(5))),
                after(machine, 100, 200));
        assertEquals(List.of(), machine.on(new Event.Response(200)));
        assertEquals(List.of(), machine.on(new Event.Fired(Timer.E)));
        assertEquals(List.of(), machine.on(new Event.Fired(Timer.F)));
        assertEquals(List.of(new Action.End()), machine.on(new Event.Fired(Timer.K)));
        var reliable = new ClientTransaction(false, true);
        assertEquals(
                new Action.Arm(Timer.K, Duration.ZERO), after(reliable, 404).getLast());
    }

    /// Figure 7: INVITE, server.
    @Test
    void anInviteThatComesAgainGetsTheLatestProvisionalAnswer() {
        var machine = new ServerTransaction(true, false);
        assertTrue(machine.isOpen());
        assertEquals(List.of(new Action.Send()), after(machine, 100, 180));
        assertEquals(List.of(new Action.Send()), machine.on(new Event.Retransmission()));
        assertEquals(List.of(), machine.on(new Event.Ack()), "nothing to acknowledge yet");
    }

    @Test
    void aRefusedInviteIsConfirmedByItsAckAndThenSilent() {
        var machine = new ServerTransaction(true, false);
        assertEquals(3, after(machine, 180, 603).size());
        assertEquals(List.of(new Action.Send()), machine.on(new Event.Retransmission()));
        assertEquals(List.of(), machine.on(new Event.Respond(200)), "the answer is given");
        assertEquals(List.of(new Action.Arm(Timer.I, Duration.ofSeconds(5))), machine.on(new Event.Ack()));
        assertEquals(List.of(), machine.on(new Event.Fired(Timer.G)));
        assertEquals(List.of(), machine.on(new Event.Fired(Timer.H)));
        assertEquals(List.of(), machine.on(new Event.Retransmission()));
        assertEquals(List.of(), machine.on(new Event.Ack()));
        assertEquals(List.of(new Action.End()), machine.on(new Event.Fired(Timer.I)));
    }

    @Test
    void overAReliableTransportARefusalIsSentOnceAndWaitsForItsAck() {
        var machine = new ServerTransaction(true, true);
        assertEquals(List.of(new Action.Send(), new Action.Arm(Timer.H, Duration.ofSeconds(32))), after(machine, 486));
        assertEquals(List.of(new Action.Arm(Timer.I, Duration.ZERO)), machine.on(new Event.Ack()));
    }

    /// RFC 6026, section 7.1.
    @Test
    void anAcceptedInviteSwallowsRepetitionsAndPassesFurther2xxForTimerL() {
        var machine = new ServerTransaction(true, true);
        assertEquals(List.of(new Action.Send(), new Action.Arm(Timer.L, Duration.ofSeconds(32))), after(machine, 200));
        assertEquals(List.of(), machine.on(new Event.Retransmission()));
        assertEquals(List.of(new Action.Send()), machine.on(new Event.Respond(200)));
        assertEquals(List.of(), machine.on(new Event.Respond(486)));
        assertEquals(List.of(), machine.on(new Event.Ack()));
        assertEquals(List.of(new Action.End()), machine.on(new Event.Fired(Timer.L)));
        assertEquals(List.of(), machine.on(new Event.Respond(200)));
    }

    /// Figure 8: other requests, server.
    @Test
    void aRequestThatComesAgainGetsWhatWasAnsweredUntilTimerJ() {
        var machine = new ServerTransaction(false, false);
        assertEquals(List.of(new Action.Send()), after(machine, 100));
        assertEquals(List.of(new Action.Send()), machine.on(new Event.Retransmission()));
        assertEquals(
                List.of(new Action.Send(), new Action.Arm(Timer.J, Duration.ofSeconds(32))),
                machine.on(new Event.Respond(200)));
        assertEquals(List.of(), machine.on(new Event.Respond(404)), "one final answer only");
        assertEquals(List.of(new Action.Send()), machine.on(new Event.Retransmission()));
        assertEquals(List.of(new Action.End()), machine.on(new Event.Fired(Timer.J)));
        assertEquals(
                new Action.Arm(Timer.J, Duration.ZERO),
                after(new ServerTransaction(false, true), 200).getLast());
    }

    /// Sections 17.1.4 and 17.2.4.
    @Test
    void whenTheTransportHasFailedNothingHappensAnyMore() {
        var client = new ClientTransaction(true, false);
        client.start();
        client.lost();
        assertEquals(List.of(), client.on(new Event.Response(200)));
        for (Timer timer : List.of(Timer.A, Timer.B, Timer.D, Timer.E, Timer.F, Timer.K, Timer.M))
            assertEquals(List.of(), client.on(new Event.Fired(timer)));
        var server = new ServerTransaction(true, false);
        server.lost();
        assertEquals(List.of(), server.on(new Event.Respond(200)));
        for (Timer timer : List.of(Timer.G, Timer.H, Timer.I, Timer.J, Timer.L))
            assertEquals(List.of(), server.on(new Event.Fired(timer)));
    }

    @Test
    void sipHashGivesTheReferenceValue() {
        byte[] message = HexFormat.of().parseHex("000102030405060708090a0b0c0d0e");
        assertEquals(0xa129ca6149be45e5L, new SipHash(0x0706050403020100L, 0x0f0e0d0c0b0a0908L, 2, 4).hash(message));
    }
}
