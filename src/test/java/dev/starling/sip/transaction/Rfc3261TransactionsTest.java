package dev.starling.sip.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;

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

    @Test
    void sipHashGivesTheReferenceValue() {
        byte[] message = HexFormat.of().parseHex("000102030405060708090a0b0c0d0e");
        assertEquals(0xa129ca6149be45e5L, new SipHash(0x0706050403020100L, 0x0f0e0d0c0b0a0908L, 2, 4).hash(message));
    }
}
