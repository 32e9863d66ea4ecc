package dev.starling.proxy;

import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import dev.starling.identity.passport.ReplayCache;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Flow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Some peers and some people in simulated time: everything of a peer but its sockets.
final class World implements AutoCloseable {
    final SimulatedTime time = new SimulatedTime();
    final TestAuthority authority = new TestAuthority(time.instant());
    private final Path folder;
    private final Map<String, TestPeer> byPin = new HashMap<>();

    World() {
        try {
            folder = Files.createTempDirectory("starling-world");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// One peer. Others reach it at `name.example:5061`.
    final class TestPeer implements Forwarding.Connector, AutoCloseable {
        final Self self;
        final List<String> connections = new ArrayList<>();
        private final Path file;
        private final Map<String, MemoryFlow> flows = new HashMap<>();
        ConsentStore consent;
        EdgePeer edge;

        TestPeer(String name) {
            byte[] secret = DeviceId.sha256(name.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            self = new Self(DeviceId.of(secret), name + ".example", 5061, secret);
            file = folder.resolve(name + ".db");
            byPin.put(self.id().hex(), this);
            start();
        }

        private void start() {
            try {
                consent = new ConsentStore(file, time);
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            var verifier = new CertificateVerifier(authority.anchors(), true);
            var tokens = new TokenVerifier(verifier, new ReplayCache(time), time, time.instant());
            edge = new EdgePeer(self, tokens, consent, this, Runnable::run, time, time, _ -> {});
        }

        /// Killed, and started again with what it had stored.
        void restart() {
            consent.close();
            disconnect();
            start();
        }

        /// All connections to other peers end.
        void disconnect() {
            List.copyOf(flows.values()).forEach(f -> f.close("the end"));
            flows.clear();
        }

        MemoryFlow flow() {
            return new MemoryFlow(edge, Optional.empty(), World.this::settle);
        }

        MemoryFlow peerFlow(String pin) {
            return new MemoryFlow(edge, Optional.of(pin), World.this::settle);
        }

        String uri() {
            return self.id().peerUri();
        }

        /// The Route by which others send to this peer.
        String route() {
            return "<" + self.routeUri("") + ">";
        }

        /// A registered client.
        MemoryFlow online(Person person) {
            MemoryFlow flow = flow();
            flow.says(person.register(uri(), time.instant()).bytes());
            SipMessage answer = flow.one();
            if (answer.status() != 200) throw new AssertionError("not registered: " + answer.reason());
            return flow;
        }

        /// What the device of `flow` wants: these contact tokens, these addresses blocked.
        void wishes(MemoryFlow flow, Person person, List<byte[]> tokens, boolean ring, List<byte[]> blocked) {
            byte[] body = consentBody(tokens, ring, blocked);
            flow.says(person.publish(uri(), "starling-consent", "application/cbor", body, time.instant(), Map.of())
                    .bytes());
            SipMessage answer = flow.one();
            if (answer.status() != 200) throw new AssertionError("consent: " + answer.reason());
        }

        @Override
        public Optional<Flow> open(String pin) {
            return Optional.<Flow>ofNullable(flows.get(pin)).filter(Flow::isOpen);
        }

        @Override
        public Flow to(String host, int port, String pin) throws SipException {
            connections.add(host + ":" + port + " " + pin);
            TestPeer other = byPin.get(pin);
            if (other == null || !other.self.host().equals(host))
                throw new SipException(480, "The server of the addressee does not answer");
            MemoryFlow ours = new MemoryFlow(edge, Optional.of(pin), World.this::settle);
            MemoryFlow theirs = new MemoryFlow(other.edge, Optional.of(self.id().hex()), World.this::settle);
            ours.takenBy(theirs::says);
            theirs.takenBy(ours::says);
            flows.put(pin, ours);
            other.flows.put(self.id().hex(), theirs);
            return ours;
        }

        @Override
        public void close() {
            consent.close();
        }
    }

    static byte[] consentBody(List<byte[]> tokens, boolean ring, List<byte[]> blocked) {
        return Cbor.encode(new CborMap()
                .with(1, tokens.stream().map(DeviceId::sha256).toList())
                .with(2, ring)
                .with(3, blocked.stream().map(DeviceId::sha256).toList()));
    }

    private void settle() {
        time.pass(Duration.ZERO);
    }

    TestPeer peer(String name) {
        return new TestPeer(name);
    }

    Person person(String address) {
        return authority.person(address);
    }

    @Override
    public void close() {
        byPin.values().forEach(TestPeer::close);
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
