package dev.starling.nat.turn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.starling.nat.stun.Attribute;
import dev.starling.nat.stun.StunClass;
import dev.starling.nat.stun.StunMessage;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The relay with its sockets, on the loopback.
class TurnRelayTest {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();
    private static final byte[] DATA = "hello".getBytes(StandardCharsets.UTF_8);
    private static final int PATIENCE_MILLIS = 10_000;

    private final TimedCredentials credentials =
            new TimedCredentials(new byte[32], "example.net", InstantSource.system());
    private ServerSocket listener = new ServerSocket(0, 50, HERE);
    private TurnRelay relay = start();

    TurnRelayTest() throws IOException {}

    private TurnRelay start() throws IOException {
        var places = new TurnRelay.Places(
                List.of(new InetSocketAddress(HERE, 0)),
                List.of(new TurnRelay.Listener(listener, Optional.empty())),
                List.of(HERE),
                20_000,
                60_000);
        return TurnRelay.start(places, credentials, TurnLimits.OPEN, InetAddress::isLoopbackAddress);
    }

    @BeforeEach
    void nobodyIsThere() {
        assertEquals(0, relay.size());
    }

    @AfterEach
    void close() throws IOException {
        relay.close();
    }

    private TimedCredentials.Issued issued() {
        return credentials.issue("a device", "example.net", Duration.ofHours(1));
    }

    private static DatagramSocket socket() throws IOException {
        var socket = new DatagramSocket(new InetSocketAddress(HERE, 0));
        socket.setSoTimeout(PATIENCE_MILLIS);
        return socket;
    }

    private static byte[] received(DatagramSocket socket) throws IOException {
        var packet = new DatagramPacket(new byte[2000], 2000);
        socket.receive(packet);
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    private static void send(DatagramSocket socket, byte[] bytes, InetSocketAddress to) throws IOException {
        socket.send(new DatagramPacket(bytes, bytes.length, to));
    }

    private TurnClient byUdp(DatagramSocket socket) {
        return new TurnClient(issued(), bytes -> {
            try {
                send(socket, bytes, relay.datagrams().getFirst());
                return received(socket);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static InetSocketAddress at(DatagramSocket socket) {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    @Test
    void datagramsGoToAndFro() throws Exception {
        try (var mine = socket();
                var peer = socket()) {
            var client = byUdp(mine);
            var relayed = client.allocated();
            assertNotEquals(at(mine), relayed);
            var bound = client.askSigned(client.request(Requests.CHANNEL_BIND)
                    .put(Attribute.CHANNEL_NUMBER, 0x4001L << 16)
                    .putXor(Attribute.XOR_PEER_ADDRESS, at(peer)));
            assertEquals(StunClass.SUCCESS, bound.kind());
            send(mine, TurnClient.channelData(0x4001, DATA), relay.datagrams().getFirst());
            assertArrayEquals(DATA, received(peer));
            send(peer, DATA, relayed);
            assertArrayEquals(TurnClient.channelData(0x4001, DATA), received(mine));
            client.askSigned(client.request(Requests.REFRESH).put(Attribute.LIFETIME, 0));
            assertEquals(0, relay.size());
        }
    }

    @Test
    void anAllocationOverTcpEndsWithItsConnection() throws Exception {
        try (var peer = socket()) {
            try (var mine = new Socket(HERE, listener.getLocalPort())) {
                mine.setSoTimeout(PATIENCE_MILLIS);
                var in = new DataInputStream(mine.getInputStream());
                var client = new TurnClient(issued(), bytes -> exchanged(mine, in, bytes));
                var relayed = client.allocated();
                client.askSigned(client.request(Requests.CHANNEL_BIND)
                        .put(Attribute.CHANNEL_NUMBER, 0x4001L << 16)
                        .putXor(Attribute.XOR_PEER_ADDRESS, at(peer)));
                // Padded to four bytes on a stream.
                mine.getOutputStream().write(Arrays.copyOf(TurnClient.channelData(0x4001, DATA), 12));
                assertArrayEquals(DATA, received(peer));
                send(peer, DATA, relayed);
                assertArrayEquals(Arrays.copyOf(TurnClient.channelData(0x4001, DATA), 12), in.readNBytes(12));
                assertEquals(1, relay.size());
            }
            for (long end = System.nanoTime() + PATIENCE_MILLIS * 1_000_000L; relay.size() > 0; Thread.onSpinWait())
                if (System.nanoTime() > end) throw new AssertionError("it is still there");
        }
    }

    private static byte[] exchanged(Socket socket, DataInputStream in, byte[] bytes) {
        try {
            socket.getOutputStream().write(bytes);
            byte[] head = in.readNBytes(StunMessage.HEADER_BYTES);
            int rest = (head[2] & 0xFF) << 8 | head[3] & 0xFF;
            byte[] whole = Arrays.copyOf(head, head.length + rest);
            in.readFully(whole, head.length, rest);
            return whole;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whatIsNeitherStunNorChannelDataEndsTheConnection() throws Exception {
        try (var mine = new Socket(HERE, listener.getLocalPort())) {
            mine.setSoTimeout(PATIENCE_MILLIS);
            mine.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            var in = new DataInputStream(mine.getInputStream());
            assertThrows(EOFException.class, in::readByte);
        }
    }
}
