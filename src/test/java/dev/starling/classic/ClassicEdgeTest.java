package dev.starling.classic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.proxy.SimulatedTime;
import dev.starling.sip.locating.Names;
import dev.starling.sip.locating.Srv;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.NeighbourTransport;
import dev.starling.sip.transport.Offences;
import dev.starling.sip.transport.PhoneTransport;
import dev.starling.sip.transport.Tap;
import dev.starling.sip.transport.TargetPolicy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What strangers may ask of a peer, and what not: each attack with its limit and the line that names who did it.
class ClassicEdgeTest implements ClassicUser {
    private static final String NAME = "starling.classic.test";

    private final SimulatedTime time = new SimulatedTime();
    private final BlockingQueue<Stranger> asked = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord line) {
            lines.add(line.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };
    private PhoneTransport transport;
    private ClassicEdge edge;
    private int branch;

    /// What the edge sends is kept.
    private record Away(String transport, InetSocketAddress address, BlockingQueue<String> sent) implements Flow {
        @Override
        public String id() {
            return transport + address;
        }

        @Override
        public Optional<InetSocketAddress> remote() {
            return Optional.of(address);
        }

        @Override
        public Optional<String> peer() {
            return Optional.empty();
        }

        @Override
        public void send(byte[] message) {
            sent.add(new String(message, java.nio.charset.StandardCharsets.ISO_8859_1));
        }

        @Override
        public void close(String reason) {
            sent.add("closed: " + reason);
        }

        @Override
        public boolean isOpen() {
            return true;
        }
    }

    @BeforeEach
    void open() throws Exception {
        Logger.getLogger(NAME).addHandler(handler);
        transport = new PhoneTransport(
                new PhoneTransport.Listening(
                        List.of(InetAddress.getLoopbackAddress()), 0, OptionalInt.empty(), Optional.empty()),
                PhoneTransport.Limits.USUAL,
                Optional.empty(),
                (_, _) -> Optional.empty(),
                time);
        var tls = SSLContext.getDefault();
        edge = new ClassicEdge(
                transport,
                receiver -> new NeighbourTransport(transport, tls, TargetPolicy.PUBLIC, new Tap(), receiver),
                TargetPolicy.PUBLIC,
                new Nowhere(),
                this,
                time,
                new Offences(System.getLogger(NAME), time),
                time);
    }

    @AfterEach
    void close() {
        Logger.getLogger(NAME).removeHandler(handler);
        transport.close();
        edge.ways().close();
    }

    private record Nowhere() implements Names {
        @Override
        public List<Naptr> naptr(String domain) {
            return List.of();
        }

        @Override
        public List<Srv> srv(String name) throws IOException {
            return List.of();
        }

        @Override
        public List<InetAddress> addresses(String host) {
            return List.of(InetAddress.ofLiteral("10.0.0.1"));
        }
    }

    @Override
    public boolean serves(String domain) {
        return domain.equals("example.net");
    }

    @Override
    public void asks(Stranger stranger) {
        asked.add(stranger);
    }

    @Override
    public void within(SipMessage request, RequestReceived server) {
        throw new AssertionError("nobody is in a dialog");
    }

    @Override
    public void acknowledged(SipMessage ack) {}

    @Override
    public void gone(List<RequestReceived> unanswered) {}

    private static Away away(String host) {
        return new Away("UDP", new InetSocketAddress(InetAddress.ofLiteral(host), 5060), new LinkedBlockingQueue<>());
    }

    private Edit message(String from, String to) {
        return Edit.request("MESSAGE", to)
                .add("Via", "SIP/2.0/UDP 198.51.101.7:5060;branch=z9hG4bK" + branch++)
                .add("Max-Forwards", "70")
                .add("From", from + ";tag=1")
                .add("To", "<" + to + ">")
                .add("Call-ID", "a-call-of-theirs")
                .add("CSeq", "1 MESSAGE")
                .body(
                        "text/plain",
                        "0123456789 0123456789 0123456789 0123456789"
                                .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    private String answered(Away from, Edit request) {
        edge.received(from, request.toBytes());
        return Optional.ofNullable(from.sent.poll())
                .map(text -> text.lines().findFirst().orElse(""))
                .orElse("");
    }

    private String next(BlockingQueue<String> queue) throws InterruptedException {
        return Optional.ofNullable(queue.poll(10, TimeUnit.SECONDS)).orElseThrow();
    }

    @Test
    void aStrangerIsHeardWithTheNameThatHeGives() throws Exception {
        edge.received(
                away("9.9.9.9"),
                message("\"A \\\"friend\\\"\" <sip:Al@Classic.EXAMPLE>", "sip:bob@example.net")
                        .toBytes());
        var stranger = Optional.ofNullable(asked.poll(10, TimeUnit.SECONDS)).orElseThrow();
        assertEquals(
                "Al@Classic.EXAMPLE".toLowerCase(java.util.Locale.ROOT),
                stranger.from().text());
        assertEquals("A friend", stranger.name());
        assertEquals("bob@example.net", stranger.to().text());
    }

    @Test
    void nothingIsPassedOnToOthers() throws Exception {
        assertEquals(
                "SIP/2.0 403 Nobody of that domain is here",
                answered(away("9.9.9.9"), message("<sip:a@classic.example>", "sip:x@elsewhere.example")));
        assertEquals("Asked to relay, from network 9.9.9.0/24 (elsewhere.example)", next(lines));
        assertTrue(asked.isEmpty());
    }

    @Test
    void aSenderThatIsNoAddressIsRefusedAndNotShown() {
        for (String from : List.of("<sip:al%00ice@classic.example>", "<sip:classic.example>", "<sip:1000@pbx>"))
            assertTrue(
                    answered(away("9.9.9.9"), message(from, "sip:bob@example.net"))
                            .startsWith("SIP/2.0 403 "),
                    from);
        assertTrue(asked.isEmpty());
    }

    @Test
    void whoComesFromAPrivateAddressIsNotAnswered() throws Exception {
        assertEquals(
                "closed: address not allowed",
                answered(away("10.0.0.9"), message("<sip:a@classic.example>", "sip:bob@example.net")));
        assertEquals("Request from an address that is not allowed, from network 10.0.0.0/24", next(lines));
    }

    @Test
    void oneNetworkOneDomainAndOnePersonHaveTheirShares() throws Exception {
        // One domain, from many networks, for many people.
        int taken = 0;
        for (int i = 0; i < 100; i++)
            if (answered(away("9.9." + i + ".9"), message("<sip:a@classic.example>", "sip:p" + i + "@example.net"))
                    .isEmpty()) taken++;
        assertEquals((int) StrangerLimits.OF_DOMAIN.atOnce(), taken);
        assertTrue(next(lines).startsWith("Strangers ask too often, from network 9.9."), "the network is named");
        // One network, of many domains.
        taken = 0;
        for (int i = 0; i < 100; i++)
            if (answered(away("8.8.8.8"), message("<sip:a@d" + i + ".example>", "sip:q" + i + "@example.net"))
                    .isEmpty()) taken++;
        assertEquals((int) StrangerLimits.OF_NETWORK.atOnce(), taken);
        // One person, by many.
        taken = 0;
        for (int i = 0; i < 100; i++)
            if (answered(away("7.7." + i + ".7"), message("<sip:a@e" + i + ".example>", "sip:bob@example.net"))
                    .isEmpty()) taken++;
        assertEquals((int) StrangerLimits.FOR_PERSON.atOnce(), taken);
    }

    @Test
    void aFloodIsNotEvenAnswered() throws Exception {
        var flow = away("9.9.9.9");
        var options = message("<sip:a@classic.example>", "sip:example.net");
        int answers = 0;
        for (int i = 0; i < 1_000; i++) if (!answered(flow, options).isEmpty()) answers++;
        assertTrue(answers <= StrangerLimits.REQUESTS.atOnce(), "answered " + answers);
        assertEquals("Flood of requests, from network 9.9.9.0/24 (MESSAGE)", next(lines));
    }

    @Test
    void whatTheDnsNamesInAPrivateNetworkIsNotGoneTo() throws Exception {
        var failed = new LinkedBlockingQueue<String>();
        Sending.Writer writer =
                _ -> message("<sip:bob@example.net>", "sip:a@private.example").remove("Via");
        var _ = edge.send(
                new Sending.Request("sip:a@private.example", Optional.empty(), writer), new Sending.Listener() {
                    @Override
                    public void answered(SipMessage request, SipMessage answer, Flow flow) {
                        failed.add("answered");
                    }

                    @Override
                    public void failed(dev.starling.sip.message.SipException why) {
                        failed.add(why.status() + " " + why.reason());
                    }
                });
        assertEquals("403 Their server is at an address that is not allowed", next(failed));
        assertEquals(
                "Names an address that is not allowed, from network 10.0.0.0/24 (private.example at 10.0.0.1)",
                next(lines));
    }
}
