package dev.starling.sip.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.LogLines;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// UDP, TCP and TLS for phones over real sockets on the loopback.
@Timeout(120)
class PhoneTransportTest {
    private static final InetAddress HERE = InetAddress.ofLiteral("127.0.0.1");
    private final List<AutoCloseable> open = new ArrayList<>();
    private final LogLines log = LogLines.of("starling.phone");

    private record Heard(Flow flow, String message) {}

    private final class Edge implements Flow.Receiver {
        final BlockingQueue<Heard> heard = new LinkedBlockingQueue<>();
        final BlockingQueue<Flow> ended = new LinkedBlockingQueue<>();
        final PhoneTransport transport;

        Edge(PhoneTransport.Limits limits, String... hosts) throws IOException {
            var addresses = Arrays.stream(hosts).map(InetAddress::ofLiteral).toList();
            transport = new PhoneTransport(
                    new PhoneTransport.Listening(addresses, 0, OptionalInt.of(0), Optional.empty()),
                    limits,
                    Optional.of(() -> PeerCertificate.make().context()),
                    (request, _) -> Optional.of(Arrays.copyOf(request, 32)),
                    InstantSource.system());
            open.add(transport);
            transport.start(this);
        }

        Edge() throws IOException {
            this(PhoneTransport.Limits.USUAL, "127.0.0.1");
        }

        Heard next() throws InterruptedException {
            return Optional.ofNullable(heard.poll(20, TimeUnit.SECONDS)).orElseThrow();
        }

        Flow end() throws InterruptedException {
            return Optional.ofNullable(ended.poll(20, TimeUnit.SECONDS)).orElseThrow();
        }

        @Override
        public void received(Flow flow, byte[] message) {
            heard.add(new Heard(flow, new String(message, StandardCharsets.ISO_8859_1)));
        }

        @Override
        public void closed(Flow flow) {
            ended.add(flow);
        }
    }

    private static PhoneTransport.Limits limits(int connections, Duration each) {
        return new PhoneTransport.Limits(100, connections, 100, connections, each, each, each, Duration.ofHours(1));
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable each : open.reversed()) each.close();
        log.close();
    }

    /// One line of the log names whoever did that.
    private void assertNamed(String line) {
        assertEquals(1, log.lines().stream().filter(line::equals).count(), line + " in " + log.lines());
    }

    private static byte[] bytes(String text) {
        return text.replace("\n", "\r\n").getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] options(String via) {
        return bytes("OPTIONS sip:x SIP/2.0\nVia: " + via + ";branch=z9hG4bKa\nContent-Length: 2\n\nhi");
    }

    private DatagramSocket phone(String host) throws IOException {
        var socket = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral(host), 0));
        socket.setSoTimeout(20_000);
        open.add(socket);
        return socket;
    }

    private static void send(DatagramSocket phone, byte[] bytes, Edge edge) throws IOException {
        phone.send(new DatagramPacket(bytes, bytes.length, HERE, edge.transport.port()));
    }

    private static byte[] receive(DatagramSocket phone) throws IOException {
        var packet = new DatagramPacket(new byte[66_000], 66_000);
        phone.receive(packet);
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    private Socket connect(Edge edge) throws IOException {
        var socket = new Socket(HERE, edge.transport.port());
        socket.setSoTimeout(20_000);
        open.add(socket);
        return socket;
    }

    @Test
    void aRequestByUdpIsStampedCutAndAnsweredWhereItSays() throws Exception {
        var edge = new Edge();
        DatagramSocket phone = phone("127.0.0.1");
        byte[] request = options("SIP/2.0/UDP 10.0.0.1;rport;received=203.0.113.1");
        send(phone, Arrays.copyOf(request, request.length + 10), edge);
        Heard heard = edge.next();
        String stamp = ";received=127.0.0.1;rport=" + phone.getLocalPort();
        assertTrue(heard.message.contains("Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa" + stamp + "\r\n"));
        assertTrue(heard.message.endsWith("\r\n\r\nhi"), "RFC 3261, section 18.3: what follows the body is cut off");
        assertEquals("UDP", heard.flow.transport());
        assertFalse(heard.flow.isReliable());
        assertEquals(phone.getLocalPort(), heard.flow.remote().orElseThrow().getPort());
        assertEquals("127.0.0.1:" + edge.transport.port(), edge.transport.sentBy(heard.flow));
        byte[] answer = bytes("SIP/2.0 200 OK\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa" + stamp + "\n\n");
        heard.flow.send(answer);
        assertArrayEquals(answer, receive(phone));
        DatagramSocket second = phone("127.0.0.1");
        byte[] elsewhere = bytes("SIP/2.0 200 OK\nVia: SIP/2.0/UDP 127.0.0.1:" + second.getLocalPort() + "\n\n");
        heard.flow.send(elsewhere);
        assertArrayEquals(elsewhere, receive(second));
    }

    @Test
    void aFlowToAnAddressOfBeforeIsTheSame() throws Exception {
        var edge = new Edge();
        DatagramSocket phone = phone("127.0.0.1");
        send(phone, options("SIP/2.0/UDP 127.0.0.1"), edge);
        Flow heard = edge.next().flow;
        Flow made = edge.transport
                .flowTo(heard.remote().orElseThrow(), edge.transport.local(heard))
                .orElseThrow();
        assertEquals(heard, made);
        made.send(bytes("OPTIONS sip:x SIP/2.0\n\n"));
        assertEquals("OPTIONS sip:x SIP/2.0\r\n\r\n", new String(receive(phone), StandardCharsets.US_ASCII));
        assertTrue(made.isOpen());
        edge.transport.close();
        assertFalse(made.isOpen());
        made.send(bytes("OPTIONS sip:x SIP/2.0\n\n"));
    }

    @Test
    void keepAlivesByUdpAreAnsweredAndNotHandedOn() throws Exception {
        var edge = new Edge();
        DatagramSocket phone = phone("127.0.0.1");
        send(phone, bytes("\n"), edge);
        send(phone, new byte[] {0}, edge);
        send(phone, bytes("\n\n"), edge);
        assertArrayEquals(bytes("\n"), receive(phone));
        byte[] stun = new byte[20];
        stun[1] = 1;
        System.arraycopy(new byte[] {0x21, 0x12, (byte) 0xA4, 0x42}, 0, stun, 4, 4);
        send(phone, stun, edge);
        assertEquals(32, receive(phone).length);
        assertTrue(edge.heard.isEmpty());
    }

    @Test
    void onTcpMessagesPingsAndEndsAreSeen() throws Exception {
        var edge = new Edge();
        Socket phone = connect(edge);
        phone.getOutputStream().write(bytes("\n\n"));
        assertArrayEquals(bytes("\n"), phone.getInputStream().readNBytes(2));
        phone.getOutputStream().write(options("SIP/2.0/TCP 127.0.0.1"));
        Heard heard = edge.next();
        assertEquals("TCP", heard.flow.transport());
        assertTrue(heard.message.contains(";received=127.0.0.1"));
        assertTrue(heard.flow.isReliable());
        heard.flow.send(bytes("SIP/2.0 200 OK\n\n"));
        assertArrayEquals(bytes("SIP/2.0 200 OK\n\n"), phone.getInputStream().readNBytes(18));
        assertEquals(1, edge.transport.connections());
        phone.close();
        assertEquals(heard.flow, edge.end());
        assertFalse(heard.flow.isOpen());
        assertEquals(0, edge.transport.connections());
    }

    @Test
    void onTlsTheSame() throws Exception {
        var edge = new Edge();
        int port = edge.transport.tlsPort().orElseThrow();
        var phone =
                (SSLSocket) PeerCertificate.make().context().getSocketFactory().createSocket(HERE, port);
        open.add(phone);
        phone.getOutputStream().write(options("SIP/2.0/TLS 127.0.0.1"));
        Heard heard = edge.next();
        assertEquals("TLS", heard.flow.transport());
        assertEquals("127.0.0.1:" + port, edge.transport.sentBy(heard.flow));
        heard.flow.send(bytes("SIP/2.0 200 OK\n\n"));
        assertArrayEquals(bytes("SIP/2.0 200 OK\n\n"), phone.getInputStream().readNBytes(18));
    }

    @Test
    void aNetworkHasSoManyConnectionsAndOthersStillCome() throws Exception {
        var edge = new Edge(limits(5, Duration.ofMinutes(1)), "127.0.0.1");
        for (int i = 0; i < 5; i++) connect(edge);
        assertEquals(-1, connect(edge).getInputStream().read());
        assertEquals(1, edge.transport.offences().count("Too many connections"));
        assertNamed("Too many connections, from network 127.0.0.0/24");
        var other = new Socket();
        open.add(other);
        other.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.9.1"), 0));
        other.connect(new InetSocketAddress(HERE, edge.transport.port()));
        other.getOutputStream().write(options("SIP/2.0/TCP 127.0.9.1"));
        edge.next();
    }

    @Test
    void whoeverDripsOrSaysNothingIsEndedAndWhoIsKnownIsNot() throws Exception {
        var edge = new Edge(limits(100, Duration.ofSeconds(2)), "127.0.0.1");
        Socket silent = connect(edge), known = connect(edge);
        known.getOutputStream().write(options("SIP/2.0/TCP 127.0.0.1"));
        Flow flow = edge.next().flow;
        flow.admit();
        assertEquals(-1, silent.getInputStream().read());
        assertEquals(1, edge.transport.offences().count("Connection of a stranger kept open"));
        assertNamed("Connection of a stranger kept open, from network 127.0.0.0/24 (TCP)");
        known.getOutputStream().write(bytes("OPTIONS sip:x SIP/2.0\nX"));
        assertEquals(-1, known.getInputStream().read());
        assertEquals(1, edge.transport.offences().count("Message sent too slowly"));
        assertNamed("Message sent too slowly, from network 127.0.0.0/24 (TCP)");
    }

    @Test
    void whoeverDoesNotReadIsEnded() throws Exception {
        var edge = new Edge();
        Socket phone = connect(edge);
        phone.getOutputStream().write(options("SIP/2.0/TCP 127.0.0.1"));
        Flow flow = edge.next().flow;
        flow.admit();
        byte[] large = new byte[60_000];
        for (int i = 0; i < 1_000 && flow.isOpen(); i++) flow.send(large);
        assertFalse(flow.isOpen(), "a megabyte waits at most, beside what the system takes");
        assertEquals(flow, edge.end());
        assertNamed("Messages not read, from network 127.0.0.0/24 (TCP)");
    }

    @Test
    void bothFamiliesAreServed() throws Exception {
        var edge = new Edge(PhoneTransport.Limits.USUAL, "::");
        for (String host : new String[] {"127.0.0.1", "::1"}) {
            InetAddress address = InetAddress.ofLiteral(host);
            DatagramSocket phone = phone(host);
            byte[] request = options("SIP/2.0/UDP x");
            phone.send(new DatagramPacket(request, request.length, address, edge.transport.port()));
            Heard heard = edge.next();
            assertEquals(address, edge.transport.local(heard.flow));
            var tcp = new Socket(address, edge.transport.port());
            open.add(tcp);
            tcp.getOutputStream().write(request);
            assertEquals(address, edge.next().flow.remote().orElseThrow().getAddress());
        }
    }
}
