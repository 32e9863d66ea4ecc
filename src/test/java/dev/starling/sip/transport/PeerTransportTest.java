package dev.starling.sip.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.SipException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// TLS between peers over real sockets on the loopback.
class PeerTransportTest {
    private static final String HOST = "127.0.0.1";
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final byte[] MESSAGE = "A\r\nContent-Length: 2\r\n\r\nhi".getBytes(StandardCharsets.US_ASCII);
    private final List<AutoCloseable> open = new ArrayList<>();

    /// A peer with its key, and what it has heard.
    private final class Peer implements Flow.Receiver {
        final PeerCertificate key = PeerCertificate.make();
        final BlockingQueue<byte[]> heard = new LinkedBlockingQueue<>();
        final BlockingQueue<Flow> flows = new LinkedBlockingQueue<>();
        final BlockingQueue<Flow> ended = new LinkedBlockingQueue<>();
        final Tap tap = new Tap();
        final PeerTransport transport;

        Peer(TargetPolicy policy, PeerTransport.Limits limits) throws IOException {
            transport = new PeerTransport(key.context(), key.pin(), HOST, 0, policy, limits, tap, this);
            open.add(transport);
        }

        Peer() throws IOException {
            this(TargetPolicy.LOOPBACK, PeerTransport.Limits.USUAL);
        }

        Flow to(Peer other) throws SipException {
            return transport.to(HOST, other.transport.port(), other.key.pin());
        }

        byte[] next() throws InterruptedException {
            byte[] message = heard.poll(10, TimeUnit.SECONDS);
            if (message == null) throw new AssertionError("nothing was heard");
            return message;
        }

        @Override
        public void received(Flow flow, byte[] message) {
            flows.add(flow);
            heard.add(message);
        }

        @Override
        public void closed(Flow flow) {
            ended.add(flow);
        }
    }

    private static PeerTransport.Limits limits(int accepted, int handshakes, Duration handshake) {
        return new PeerTransport.Limits(
                accepted, accepted, 10, handshakes, handshakes, Duration.ofSeconds(10), handshake);
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable each : open) each.close();
    }

    private static void until(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) throw new AssertionError("not within 10 s");
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private static int refusal(org.junit.jupiter.api.function.Executable what) {
        return assertThrows(SipException.class, what).status();
    }

    @Test
    void theTapSeesEachMessageOnceWithTheOtherSidesKey() throws Exception {
        var here = new Peer();
        var there = new Peer();
        var sent = new LinkedBlockingQueue<Tap.Passed>();
        var came = new LinkedBlockingQueue<Tap.Passed>();
        here.tap.watch(sent::add);
        there.tap.watch(came::add);
        here.to(there).send(MESSAGE);
        there.next();
        assertEquals(1, sent.size());
        assertEquals(1, came.size());
        assertArrayEquals(MESSAGE, came.element().bytes());
        assertEquals(Tap.Direction.OUT, sent.element().direction());
        assertEquals(Tap.Direction.IN, came.element().direction());
        assertEquals(there.key.pin(), sent.element().ends().peer().orElseThrow());
        assertEquals(here.key.pin(), came.element().ends().peer().orElseThrow());
        assertEquals(there.transport.port(), sent.element().ends().remote().getPort());
        assertEquals(sent.element().ends().local(), came.element().ends().remote());
    }

    @Test
    void twoPeersKnowEachOtherByTheirKeysAndUseOneConnectionForBothDirections() throws Exception {
        Peer one = new Peer(), two = new Peer();
        Flow there = one.to(two);
        there.send(MESSAGE);
        assertArrayEquals(MESSAGE, two.next());
        Flow back = two.flows.take();
        assertEquals(one.key.pin(), back.peer().orElseThrow());
        assertEquals(two.key.pin(), there.peer().orElseThrow());
        assertEquals(back, two.to(one));
        two.to(one).send(MESSAGE);
        assertArrayEquals(MESSAGE, one.next());
        assertEquals(there, one.to(two));
    }

    @Test
    void aWrongKeyIsRefusedBeforeAnythingIsSaid() throws Exception {
        Peer one = new Peer(), two = new Peer();
        String other = PeerCertificate.make().pin();
        assertEquals(480, refusal(() -> one.transport.to(HOST, two.transport.port(), other)));
        assertEquals(403, refusal(() -> one.transport.to(HOST, two.transport.port(), "not a pin")));
        assertEquals(482, refusal(() -> one.transport.to(HOST, two.transport.port(), one.key.pin())));
        assertTrue(one.transport.open(other).isEmpty());
        until(() -> two.transport.taken() == 0);
        assertTrue(two.heard.isEmpty());
    }

    @Test
    void anAddressOfThePrivateNetworkIsNotConnectedTo() throws Exception {
        Peer cautious = new Peer(TargetPolicy.PUBLIC, PeerTransport.Limits.USUAL);
        try (var listener = new ServerSocket(0, 1, LOOPBACK)) {
            for (String host : List.of(
                    "127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "0.0.0.0"))
                assertEquals(
                        403,
                        refusal(() -> cautious.transport.to(host, listener.getLocalPort(), "ab".repeat(32))),
                        host);
            listener.setSoTimeout(50);
            assertThrows(IOException.class, listener::accept);
        }
    }

    @Test
    void whoDoesNotSpeakTlsGetsNoFlow() throws Exception {
        Peer one = new Peer();
        try (var socket = new Socket(LOOPBACK, one.transport.port())) {
            socket.getOutputStream().write("OPTIONS sip:x SIP/2.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            until(() -> one.transport.taken() == 0);
        }
        assertTrue(one.heard.isEmpty());
    }

    @Test
    void aHandshakeThatDripsEndsAtItsDeadline() throws Exception {
        Peer one = new Peer(TargetPolicy.LOOPBACK, limits(10, 10, Duration.ofMillis(400)));
        // The first bytes of a ClientHello, one at a time: each read succeeds, the whole never comes.
        byte[] hello = {22, 3, 1, 2, 0, 1, 0, 1, (byte) 252, 3, 3};
        try (var socket = new Socket(LOOPBACK, one.transport.port())) {
            until(() -> one.transport.taken() > 0);
            long begun = System.nanoTime();
            int at = 0;
            while (one.transport.taken() > 0) {
                try {
                    socket.getOutputStream().write(hello[at++ % hello.length]);
                } catch (IOException e) {
                    assertTrue(at > 1, "closed at once");
                }
                TimeUnit.MILLISECONDS.sleep(20);
                assertTrue(System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(10), "still shaking hands");
            }
        }
    }

    @Test
    void unfinishedHandshakesAreFewAndTheirPlacesComeBack() throws Exception {
        Peer one = new Peer(TargetPolicy.LOOPBACK, limits(10, 2, Duration.ofMinutes(1))), two = new Peer();
        try (var first = new Socket(LOOPBACK, one.transport.port());
                var second = new Socket(LOOPBACK, one.transport.port())) {
            until(() -> one.transport.taken() == 4);
            try (var third = new Socket(LOOPBACK, one.transport.port())) {
                third.setSoTimeout(5_000);
                assertEquals(-1, third.getInputStream().read(), "turned away at once");
            }
            assertTrue(first.isConnected() && second.isConnected());
        }
        until(() -> one.transport.taken() == 0);
        two.to(one).send(MESSAGE);
        one.next();
    }

    @Test
    void eachPlaceComesBackExactlyOnce() throws Exception {
        Peer one = new Peer(TargetPolicy.LOOPBACK, limits(2, 2, Duration.ofMinutes(1)));
        for (int i = 0; i < 6; i++) {
            Peer two = new Peer();
            Flow flow = two.to(one);
            flow.send(MESSAGE);
            one.next();
            flow.close("enough");
            flow.close("again");
            one.ended.take();
            until(() -> one.transport.taken() == 0);
        }
        // Outgoing connections hold no place of the accepted ones, and give none back.
        Peer three = new Peer();
        one.to(three).close("enough");
        assertEquals(0, one.transport.taken());
    }

    @Test
    void bothMayConnectAtTheSameMomentAndNeitherEndsTheOthersConnection() throws Exception {
        for (int round = 0; round < 5; round++) {
            Peer one = new Peer(), two = new Peer();
            var start = new CountDownLatch(1);
            var done = new LinkedBlockingQueue<Flow>();
            for (Peer[] pair : new Peer[][] {{one, two}, {two, one}})
                Thread.ofVirtual().start(() -> {
                    try {
                        start.await();
                        Flow flow = pair[0].to(pair[1]);
                        flow.send(MESSAGE);
                        done.add(flow);
                    } catch (SipException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
            start.countDown();
            Flow first = done.poll(10, TimeUnit.SECONDS), second = done.poll(10, TimeUnit.SECONDS);
            one.next();
            two.next();
            assertNotSame(first, second);
            assertTrue(first.isOpen() && second.isOpen());
            // From now on both use the same connection, whichever it is.
            until(() -> agree(one, two));
        }
    }

    private static boolean agree(Peer one, Peer two) {
        var atOne = (TlsFlow) one.transport.open(two.key.pin()).orElseThrow();
        var atTwo = (TlsFlow) two.transport.open(one.key.pin()).orElseThrow();
        return atOne.isOutgoing() != atTwo.isOutgoing();
    }

    @Test
    void aFifthConnectionOfOnePeerEndsTheFirst() throws Exception {
        Peer one = new Peer();
        PeerCertificate key = PeerCertificate.make();
        var sockets = new ArrayList<SSLSocket>();
        for (int i = 0; i < 5; i++) {
            var socket = (SSLSocket) key.context().getSocketFactory().createSocket(HOST, one.transport.port());
            sockets.add(socket);
            socket.startHandshake();
            socket.getOutputStream().write(MESSAGE);
            one.next();
        }
        assertEquals(one.flows.peek(), one.ended.poll(10, TimeUnit.SECONDS));
        for (var socket : sockets) socket.close();
        for (int i = 0; i < 4; i++) one.ended.take();
        until(() -> one.transport.taken() == 0);
    }

    @Test
    void whoNeverReadsIsLetGoAndBlocksNobody() throws Exception {
        Peer one = new Peer();
        PeerCertificate key = PeerCertificate.make();
        try (var socket = (SSLSocket) key.context().getSocketFactory().createSocket(HOST, one.transport.port())) {
            socket.setReceiveBufferSize(4096);
            socket.startHandshake();
            socket.getOutputStream().write(MESSAGE);
            Flow flow = one.flows.poll(10, TimeUnit.SECONDS);
            byte[] large = new byte[60_000];
            long sent = 0;
            while (flow.isOpen()) {
                flow.send(large);
                sent += large.length;
                assertTrue(sent < 64L << 20, "the queue has no end");
            }
            assertEquals(flow, one.ended.poll(10, TimeUnit.SECONDS));
            assertTrue(sent >= TlsFlow.MAX_QUEUED_BYTES, "let go too early: " + sent);
            until(() -> one.transport.taken() == 0);
        }
    }

    @Test
    void aStoppedPeerHasNoConnectionsLeft() throws Exception {
        Peer one = new Peer(), two = new Peer();
        Flow flow = one.to(two);
        flow.send(MESSAGE);
        two.next();
        two.transport.close();
        assertEquals(flow, one.ended.poll(10, TimeUnit.SECONDS));
        assertFalse(flow.isOpen());
        assertEquals(480, refusal(() -> one.to(two)));
    }
}
