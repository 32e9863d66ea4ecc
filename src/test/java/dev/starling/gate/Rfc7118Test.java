package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.Tap;
import dev.starling.web.WebSocket;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// RFC 7118: one frame is one message, either way.
class Rfc7118Test {
    private final List<byte[]> received = new ArrayList<>();
    private final List<Flow> flows = new ArrayList<>();
    private final Tap tap = new Tap();
    private int closed;

    private final SipSocket endpoint = new SipSocket(tap, new Flow.Receiver() {
        @Override
        public void received(Flow flow, byte[] message) {
            received.add(message);
            flows.add(flow);
        }

        @Override
        public void closed(Flow flow) {
            closed++;
        }
    });

    @AfterEach
    void end() {
        endpoint.close();
    }

    private static final class Socket implements WebSocket {
        final List<byte[]> sent = new ArrayList<>();
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
            throw new AssertionError("not so soon");
        }

        @Override
        public void close(int code, String reason) {
            closedWith = code + " " + reason;
        }

        @Override
        public InetSocketAddress local() {
            return new InetSocketAddress("192.0.2.9", 443);
        }

        @Override
        public InetSocketAddress remote() {
            return new InetSocketAddress("192.0.2.1", 5000);
        }
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
    void theTapSeesEachMessageOnceAndNoKeepAlive() {
        var seen = new ArrayList<Tap.Passed>();
        tap.watch(seen::add);
        var listener = endpoint.open(new Socket());
        listener.message(bytes("\r\n\r\n"));
        listener.message(bytes("MESSAGE"));
        flows.getFirst().send(bytes("SIP/2.0 200 OK"));
        listener.closed();
        flows.getFirst().send(bytes("too late"));
        assertEquals(2, seen.size());
        assertArrayEquals(bytes("MESSAGE"), seen.get(0).bytes());
        assertEquals(Tap.Direction.IN, seen.get(0).direction());
        assertArrayEquals(bytes("SIP/2.0 200 OK"), seen.get(1).bytes());
        assertEquals(Tap.Direction.OUT, seen.get(1).direction());
        assertEquals("192.0.2.1", seen.get(1).ends().remote().getHostString());
        assertEquals(443, seen.get(1).ends().local().getPort());
    }

    @Test
    void eachSocketIsAFlowOfItsOwn() {
        endpoint.open(new Socket()).message(bytes("first"));
        endpoint.open(new Socket()).message(bytes("second"));
        assertFalse(flows.get(0).id().equals(flows.get(1).id()));
    }

    @Test
    void anEndThatIsSaidIsTheEnd() {
        var listener = endpoint.open(new Socket());
        listener.closed();
        listener.closed();
        assertEquals(1, closed, "once");
    }

    @Test
    void aReasonFitsIntoACloseFrame() {
        var socket = new Socket();
        endpoint.open(socket).message(bytes("MESSAGE"));
        flows.getFirst().close("x".repeat(500));
        assertTrue(socket.closedWith.length() <= 5 + 123, "RFC 6455, section 5.5");
    }
}
