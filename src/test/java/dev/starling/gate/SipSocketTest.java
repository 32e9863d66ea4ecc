package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.Tap;
import dev.starling.web.WebSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import org.junit.jupiter.api.Test;

/// Pings in simulated time: docs/protocols/sip.md, section 3.
class SipSocketTest {
    private record Task(Duration at, Runnable run) {}

    /// A socket that takes down what is done with it, and a clock.
    private static final class World implements WebSocket, Flow.Receiver {
        private final PriorityQueue<Task> tasks = new PriorityQueue<>(Comparator.comparing(Task::at));
        private final List<String> log = new ArrayList<>();
        private final List<InetAddress> overstayed = new ArrayList<>();
        private final Listener client;
        private Duration now = Duration.ZERO;
        private boolean answers = true;
        private final boolean forPhones;
        private Optional<Flow> flow = Optional.empty();

        World() {
            this(false);
        }

        World(boolean forPhones) {
            this.forPhones = forPhones;
            client = sockets().open(this);
        }

        private SipSocket sockets() {
            var door = forPhones
                    ? new SipSocket.Door("WSS", Optional.of(Duration.ofSeconds(30)), overstayed::add)
                    : SipSocket.Door.CLIENTS;
            return new SipSocket(
                    new Tap(), this, door, (after, task) -> tasks.add(new Task(now.plus(after), task)), () -> {});
        }

        void until(long seconds) {
            for (Task next = tasks.peek(); next != null && next.at.toSeconds() <= seconds; next = tasks.peek()) {
                now = next.at;
                tasks.remove().run.run();
            }
            now = Duration.ofSeconds(seconds);
        }

        private void note(String what) {
            log.add(now.toSeconds() + " " + what);
        }

        @Override
        public void ping() {
            note("ping");
            if (answers) client.pong();
        }

        @Override
        public void close(int code, String reason) {
            note("close " + code);
        }

        @Override
        public void send(byte[] message) {
            note("send " + message.length);
        }

        @Override
        public void sendText(String message) {
            note("text");
        }

        @Override
        public InetSocketAddress local() {
            return new InetSocketAddress(0);
        }

        @Override
        public InetSocketAddress remote() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        }

        @Override
        public void received(Flow flow, byte[] message) {
            this.flow = Optional.of(flow);
            note("received " + message.length + " by " + flow.transport());
        }

        @Override
        public void closed(Flow flow) {
            assertFalse(flow.isOpen());
            note("closed");
        }
    }

    @Test
    void itPingsEachTwentySecondsWhileAnswersCome() {
        var world = new World();
        world.until(70);
        assertEquals(List.of("20 ping", "40 ping", "60 ping"), world.log);
    }

    @Test
    void eightSecondsWithoutAnAnswerEndTheFlow() {
        var world = new World();
        world.until(39);
        world.answers = false;
        world.until(47);
        assertEquals(List.of("20 ping", "40 ping"), world.log);
        world.until(200);
        assertEquals(List.of("20 ping", "40 ping", "48 close 1008", "48 closed"), world.log);
        assertTrue(world.tasks.isEmpty());
    }

    @Test
    void aLateAnswerWithinTheEightSecondsCounts() {
        var world = new World();
        world.answers = false;
        world.until(27);
        world.client.pong();
        world.until(30);
        world.answers = true;
        world.until(45);
        assertEquals(List.of("20 ping", "40 ping"), world.log);
    }

    @Test
    void aSocketThatEndsIsToldOnceAndPingedNoMore() {
        var world = new World();
        world.client.closed();
        world.client.closed();
        world.until(100);
        assertEquals(List.of("0 closed"), world.log);
    }

    @Test
    void messagesPassAndKeepAlivesDoNot() {
        var world = new World();
        world.client.message(new byte[200]);
        world.client.message(new byte[] {13, 10, 13, 10});
        world.client.message(new byte[0]);
        assertEquals(List.of("0 received 200 by WS"), world.log);
    }

    @Test
    void aPhoneThatDoesNotProveWhoItIsIsShownOut() {
        var world = new World(true);
        world.client.message(new byte[200]);
        world.until(60);
        assertEquals(List.of("0 received 200 by WSS", "20 ping", "30 close 1008", "30 closed"), world.log);
        assertEquals(1, world.overstayed.size(), "it is named");
    }

    @Test
    void aPhoneThatHasProvenWhoItIsStays() {
        var world = new World(true);
        world.client.message(new byte[200]);
        world.flow.orElseThrow().admit();
        world.until(50);
        assertEquals(List.of("0 received 200 by WSS", "20 ping", "40 ping"), world.log);
        assertEquals(List.of(), world.overstayed);
    }
}
