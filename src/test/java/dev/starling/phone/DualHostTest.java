package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A peer that listens on `::`, and so on both families, with phones by UDP of each (docs/protocols/phones.md, section
/// 1). Real sockets.
class DualHostTest {
    @TempDir
    Path folder;

    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();
    private PhoneServer server;

    /// One phone of bob.
    private final class Phone implements AutoCloseable {
        private final DatagramSocket socket;
        private final InetAddress host;
        private final int port = server.transport.port();
        private int cseq;

        Phone(String address) throws IOException {
            host = InetAddress.ofLiteral(address);
            socket = new DatagramSocket(new InetSocketAddress(host, 0));
            socket.setSoTimeout(10_000);
        }

        private String place() {
            return named(host, socket.getLocalPort());
        }

        private void says(byte[] bytes) throws IOException {
            socket.send(new DatagramPacket(bytes, bytes.length, host, port));
        }

        SipMessage hears() throws IOException, SipException {
            var packet = new DatagramPacket(new byte[65_536], 65_536);
            socket.receive(packet);
            assertEquals(new InetSocketAddress(host, port), packet.getSocketAddress(), "what a NAT lets through");
            return SipMessage.parse(Arrays.copyOf(packet.getData(), packet.getLength()));
        }

        private Edit request() {
            return Edit.request("REGISTER", "sip:example.net")
                    .add("Via", "SIP/2.0/UDP " + place() + ";rport;branch=z9hG4bK" + socket.getLocalPort() + ++cseq)
                    .add("Max-Forwards", "70")
                    .add("From", "<sip:bob@example.net>;tag=1")
                    .add("To", "<sip:bob@example.net>")
                    .add("Call-ID", place())
                    .add("CSeq", cseq + " REGISTER")
                    .add("Contact", "<sip:bob@" + place() + ">");
        }

        void registers() throws Exception {
            says(request().toBytes());
            String challenge = hears().all("www-authenticate").getFirst();
            var digest = new DigestAnswer("bob", "secret", "SHA-256");
            says(request()
                    .add("Authorization", digest.to(challenge, "REGISTER", "sip:example.net", 1))
                    .toBytes());
            assertEquals(200, hears().status());
            assertEquals("registered UDP ", next());
        }

        /// Is asked by the server, and answers.
        void isRung() throws Exception {
            server.message("hello");
            SipMessage message = hears();
            assertEquals("sip:bob@" + place(), message.uri());
            assertTrue(message.topVia().startsWith("SIP/2.0/UDP " + named(host, port) + ";"), message.topVia());
            says(Edit.response(message, 200, "OK", "phone").toBytes());
            assertEquals("answered 200", next());
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    private static String named(InetAddress host, int port) {
        return (host.getAddress().length == 16 ? "[0:0:0:0:0:0:0:1]:" : "127.0.0.1:") + port;
    }

    private String next() throws InterruptedException {
        return Optional.ofNullable(said.poll(10, TimeUnit.SECONDS)).orElseThrow();
    }

    @BeforeEach
    void open() throws IOException {
        server = new PhoneServer("::", 0, folder, said::add);
    }

    @AfterEach
    void close() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void aPhoneIsRungByTheFamilyByWhichItRegistered(String host) throws Exception {
        try (var phone = new Phone(host)) {
            phone.registers();
            phone.isRung();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void afterARestartToo(String host) throws Exception {
        try (var phone = new Phone(host)) {
            phone.registers();
            server.close();
            server = new PhoneServer("::", phone.port, folder, said::add);
            phone.isRung();
        }
    }

    @Test
    void ofTwoPhonesEachIsRungByItsOwnFamily() throws Exception {
        try (var six = new Phone("::1");
                var four = new Phone("127.0.0.1")) {
            six.registers();
            six.isRung();
            four.registers();
            four.isRung();
            six.registers();
            six.isRung();
        }
    }

    /// As to servers of ordinary SIP domains, where no address of ours is known to them yet.
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void theWayToAnAddressIsOfItsFamily(String host) throws Exception {
        try (var there = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral(host), 0))) {
            there.setSoTimeout(10_000);
            var remote = new InetSocketAddress(InetAddress.ofLiteral(host), there.getLocalPort());
            InetAddress any = InetAddress.ofLiteral(host.equals("::1") ? "::" : "0.0.0.0");
            var flow = server.transport.flowTo(remote, any).orElseThrow();
            flow.send(new byte[] {'x'});
            var packet = new DatagramPacket(new byte[10], 10);
            there.receive(packet);
            assertArrayEquals(new byte[] {'x'}, Arrays.copyOf(packet.getData(), packet.getLength()));
            assertEquals(
                    new InetSocketAddress(InetAddress.ofLiteral(host), server.transport.port()),
                    packet.getSocketAddress());
            assertEquals(named(remote.getAddress(), server.transport.port()), server.transport.sentBy(flow));
        }
    }
}
