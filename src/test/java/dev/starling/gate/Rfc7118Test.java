package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.transport.Flow;
import dev.starling.web.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.junit.jupiter.api.Test;

/// RFC 7118: one frame is one message, either way; and the peer's pings, in simulated time.
class Rfc7118Test {
    private record Due(long at, Runnable task) {}

    private final PriorityQueue<Due> due = new PriorityQueue<>(Comparator.comparingLong(Due::at));
    private long now;
    private final List<byte[]> received = new ArrayList<>();
    private final List<Flow> flows = new ArrayList<>();
    private int closed;

    private final SipSocket endpoint = new SipSocket(
            new Flow.Receiver() {
                @Override
                public void received(Flow flow, byte[] message) {
                    received.add(message);
                    flows.add(flow);
                }

                @Override
                public void closed(Flow flow) {
                    closed++;
                }
            },
            (delay, task) -> {
                var each = new Due(now + delay.toMillis(), task);
                due.add(each);
                return () -> due.remove(each);
            });

    private static final class Socket implements WebSocket {
        final List<byte[]> sent = new ArrayList<>();
        int pings;
        String closedWith = "";

        @Override
        public void send(byte[] message) {
            sent.add(message);
        }

        @Override
        public void sendText(String message) {
            throw new AssertionError("SIP goes in binary frames");
        }

        @Override
        public void ping() {
            pings++;
        }

        @Override
        public void close(int code, String reason) {
            closedWith = code + " " + reason;
        }

        @Override
        public String remote() {
            return "192.0.2.1";
        }
    }

    private void pass(Duration time) {
        long end = now + time.toMillis();
        while (!due.isEmpty() && due.peek().at <= end) {
            Due next = due.poll();
            now = next.at;
            next.task.run();
        }
        now = end;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void eachFrameIsOneMessageAndKeepAlivesAreNone() {
        var socket = new Socket();
        var listener = endpoint.open(socket);
        for (String none : List.of("", "\r\n", "\r\n\r\n")) listener.message(bytes(none));
        assertEquals(List.of(), received);
        listener.message(bytes("MESSAGE"));
        assertArrayEquals(bytes("MESSAGE"), received.getFirst());
        flows.getFirst().send(bytes("SIP/2.0 200 OK"));
        assertArrayEquals(bytes("SIP/2.0 200 OK"), socket.sent.getFirst());
        assertEquals("WS", flows.getFirst().transport());
        assertTrue(flows.getFirst().peer().isEmpty());
    }

    @Test
    void eachSocketIsAFlowOfItsOwn() {
        endpoint.open(new Socket()).message(bytes("first"));
        endpoint.open(new Socket()).message(bytes("second"));
        assertFalse(flows.get(0).id().equals(flows.get(1).id()));
    }

    @Test
    void whoAnswersPingsStays() {
        var socket = new Socket();
        var listener = endpoint.open(socket);
        for (int i = 1; i <= 10; i++) {
            pass(Duration.ofSeconds(20));
            assertEquals(i, socket.pings);
            listener.pong();
        }
        assertEquals(0, closed);
        assertEquals("", socket.closedWith);
    }

    @Test
    void aCrashIsSeenWithin30Seconds() {
        var socket = new Socket();
        var listener = endpoint.open(socket);
        listener.message(bytes("MESSAGE"));
        pass(Duration.ofSeconds(27));
        assertEquals(0, closed);
        pass(Duration.ofSeconds(1));
        assertEquals(1, closed);
        assertEquals("1008 no answer to a ping", socket.closedWith);
        assertFalse(flows.getFirst().isOpen());
        listener.closed();
        assertEquals(1, closed, "once");
        pass(Duration.ofMinutes(5));
        assertEquals(1, socket.pings, "nobody is pinged any more");
    }

    @Test
    void anEndThatIsSaidIsTheEnd() {
        var listener = endpoint.open(new Socket());
        listener.closed();
        assertEquals(1, closed);
        pass(Duration.ofMinutes(1));
        assertEquals(1, closed);
    }

    @Test
    void aReasonFitsIntoACloseFrame() {
        var socket = new Socket();
        endpoint.open(socket).message(bytes("MESSAGE"));
        flows.getFirst().close("x".repeat(500));
        assertTrue(socket.closedWith.length() <= 5 + 123, "RFC 6455, section 5.5");
    }
}
