package dev.starling.nat.turn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.nat.stun.Attribute;
import dev.starling.nat.stun.StunClass;
import dev.starling.nat.stun.StunMessage;
import dev.starling.nat.stun.StunWriter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A relay without sockets, in simulated time, against the sentences of RFC 8656 (and RFC 8489, section 9.2).
class Rfc8656Test {
    private static final String DEVICE = "ab".repeat(32);
    private static final InetSocketAddress PEER = address("192.0.2.20", 7000);
    private static final TurnLimits LIMITS = new TurnLimits(5, 2, 4, 3, 3, 2, 1000);
    private static final byte[] DATA = "hello".getBytes(StandardCharsets.UTF_8);

    private final Opened opened = new Opened();
    private Instant now = Instant.parse("2026-11-29T12:00:00Z");
    private final TimedCredentials credentials = new TimedCredentials(new byte[32], "example.net", () -> now);
    private final TurnServer server = new TurnServer(
            credentials,
            LIMITS,
            opened,
            peer -> !peer.isSiteLocalAddress() && !peer.isLoopbackAddress(),
            () -> now,
            () -> now.getEpochSecond() * 1_000_000_000L + now.getNano());
    private Place place = new Place(address("192.0.2.1", 40000));
    private TurnClient client = client(place, DEVICE);

    private static InetSocketAddress address(String host, int port) {
        try {
            return new InetSocketAddress(InetAddress.getByName(host), port);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Where a client is: what is sent to it is kept.
    private static final class Place implements Client {
        private final InetSocketAddress address;
        final List<byte[]> got = new ArrayList<>();
        boolean isConnected;

        Place(InetSocketAddress address) {
            this.address = address;
        }

        @Override
        public InetSocketAddress address() {
            return address;
        }

        @Override
        public boolean isConnected() {
            return isConnected;
        }

        @Override
        public void send(ByteBuffer message) {
            byte[] bytes = new byte[message.remaining()];
            message.get(bytes);
            got.add(bytes);
        }
    }

    private record Sent(String data, InetSocketAddress peer) {}

    private static final class Opened implements Relay.Opener {
        final List<Allocation> allocations = new ArrayList<>();
        final List<Sent> sent = new ArrayList<>();
        int closed;
        boolean full;

        @Override
        public Relay open(boolean isFour, boolean even, Allocation allocation) throws IOException {
            if (full) throw new IOException("full");
            int port = 50_000 + 2 * allocations.size() + (even ? 0 : 1);
            allocations.add(allocation);
            return new Relay() {
                @Override
                public InetSocketAddress address() {
                    return Rfc8656Test.address("203.0.113.1", port);
                }

                @Override
                public void send(ByteBuffer data, InetSocketAddress peer) {
                    sent.add(new Sent(StandardCharsets.UTF_8.decode(data).toString(), peer));
                }

                @Override
                public void close() {
                    closed++;
                }
            };
        }

        @Override
        public boolean has(boolean isFour) {
            return isFour;
        }
    }

    private TurnClient client(Place at, String device) {
        return client(at, device, "example.net");
    }

    private TurnClient client(Place at, String device, String domain) {
        return new TurnClient(credentials.issue(device, domain, Duration.ofHours(1)), bytes -> {
            server.heard(at, ByteBuffer.wrap(bytes));
            return at.got.removeLast();
        });
    }

    private void fromPeer(byte[] data, InetSocketAddress peer) {
        var buffer = ByteBuffer.allocate(100)
                .position(Packets.HEADER_BYTES)
                .put(data)
                .flip();
        server.heardFromPeer(opened.allocations.getFirst(), buffer.position(Packets.HEADER_BYTES), peer);
    }

    private static int code(StunMessage answer) throws Exception {
        return answer.failure().map(StunMessage.Failure::code).orElse(0);
    }

    private StunWriter naming(int method, InetSocketAddress peer) {
        return client.request(method).putXor(Attribute.XOR_PEER_ADDRESS, peer);
    }

    private StunWriter binding(int number, InetSocketAddress peer) {
        return client.request(Requests.CHANNEL_BIND)
                .put(Attribute.CHANNEL_NUMBER, (long) number << 16)
                .putXor(Attribute.XOR_PEER_ADDRESS, peer);
    }

    @BeforeEach
    void nothingWaits() {
        assertTrue(place.got.isEmpty());
    }

    @Test
    void whoeverAsksIsToldWhereHeIs() throws Exception {
        var answer = client.ask(client.request(Requests.BINDING).fingerprint());
        assertEquals(Optional.of(place.address), answer.xorAddress(Attribute.XOR_MAPPED_ADDRESS));
        assertTrue(answer.hasRightFingerprint());
    }

    @Test
    void withoutCredentialsThereIsARealmAndANonce() throws Exception {
        var answer = client.ask(TurnClient.allocate(client.request(Requests.ALLOCATE)));
        assertEquals(401, code(answer));
        assertEquals(Optional.of("example.net"), answer.text(Attribute.REALM, 100));
        assertTrue(answer.has(Attribute.NONCE));
        assertFalse(answer.has(Attribute.MESSAGE_INTEGRITY), "there is no key yet");
    }

    @Test
    void anAllocationIsGivenProtectedAndOnce() throws Exception {
        client.greet();
        var request = client.signed(TurnClient.allocate(client.request(Requests.ALLOCATE)));
        var answer = client.ask(request);
        assertEquals(StunClass.SUCCESS, answer.kind());
        assertTrue(answer.isIntact(client.key()));
        assertEquals(Optional.of(600L), answer.number(Attribute.LIFETIME));
        assertEquals(Optional.of(place.address), answer.xorAddress(Attribute.XOR_MAPPED_ADDRESS));
        var relayed = answer.xorAddress(Attribute.XOR_RELAYED_ADDRESS);
        assertEquals(Optional.of(address("203.0.113.1", 50_001)), relayed);
        assertEquals(relayed, client.ask(request).xorAddress(Attribute.XOR_RELAYED_ADDRESS), "the answer was lost");
        assertEquals(437, code(client.askSigned(TurnClient.allocate(client.request(Requests.ALLOCATE)))));
        assertEquals(1, server.size());
    }

    @Test
    void wrongCredentialsAreRefused() throws Exception {
        client.greet();
        var forged = TurnClient.allocate(client.request(Requests.ALLOCATE))
                .put(
                        Attribute.USERNAME,
                        credentials
                                .issue(DEVICE, "example.net", Duration.ofHours(1))
                                .name())
                .put(Attribute.REALM, client.realm)
                .put(Attribute.NONCE, client.nonce)
                .protect(new byte[16]);
        assertEquals(401, code(client.ask(forged)));
        var noNonce = TurnClient.allocate(client.request(Requests.ALLOCATE)).protect(client.key());
        assertEquals(400, code(client.ask(noNonce)));
        now = now.plus(Duration.ofHours(2));
        assertEquals(401, code(client.askSigned(TurnClient.allocate(client.request(Requests.ALLOCATE)))), "over");
    }

    @Test
    void aNonceAgesAndIsGoodFromOneAddressOnly() throws Exception {
        client.allocated();
        String before = client.nonce;
        now = now.plus(Nonces.LIFE).plusSeconds(1);
        var stale = client.askSigned(client.request(Requests.REFRESH));
        assertEquals(438, code(stale));
        client.nonce = stale.text(Attribute.NONCE, 100).orElseThrow();
        assertNotEquals(before, client.nonce);
        assertEquals(
                StunClass.SUCCESS,
                client.askSigned(client.request(Requests.REFRESH)).kind());
        var elsewhere = client(new Place(address("192.0.2.99", 40000)), DEVICE);
        elsewhere.realm = client.realm;
        elsewhere.nonce = client.nonce;
        assertEquals(438, code(elsewhere.askSigned(TurnClient.allocate(elsewhere.request(Requests.ALLOCATE)))));
    }

    @Test
    void whatCannotBeGivenIsRefusedByItsNumber() throws Exception {
        client.greet();
        assertEquals(400, code(client.askSigned(client.request(Requests.ALLOCATE))), "no transport");
        assertEquals(
                442,
                code(client.askSigned(client.request(Requests.ALLOCATE)
                        .put(Attribute.REQUESTED_TRANSPORT, new byte[] {6, 0, 0, 0}))));
        var unknown = client.askSigned(
                TurnClient.allocate(client.request(Requests.ALLOCATE)).put(Attribute.DONT_FRAGMENT, new byte[0]));
        assertEquals(420, code(unknown));
        assertArrayEquals(
                new byte[] {0, 0x1A},
                unknown.value(Attribute.UNKNOWN_ATTRIBUTES).orElseThrow());
        assertEquals(
                440,
                code(client.askSigned(TurnClient.allocate(client.request(Requests.ALLOCATE))
                        .put(Attribute.REQUESTED_ADDRESS_FAMILY, 2L << 24))));
        assertEquals(
                508,
                code(client.askSigned(TurnClient.allocate(client.request(Requests.ALLOCATE))
                        .put(Attribute.EVEN_PORT, new byte[] {(byte) 0x80}))));
        opened.full = true;
        assertEquals(508, code(client.askSigned(TurnClient.allocate(client.request(Requests.ALLOCATE)))));
        assertEquals(0, server.size(), "nothing of it stays");
        assertEquals(437, code(client.askSigned(naming(Requests.CREATE_PERMISSION, PEER))));
    }

    @Test
    void anOwnerANetworkAndAllTogetherHaveTheirShare() throws Exception {
        assertEquals(0, given("192.0.2.1", 1, "aa"));
        assertEquals(0, given("192.0.2.1", 2, "aa"));
        assertEquals(486, given("198.51.100.1", 1, "aa"), "one device, wherever it is");
        assertEquals(0, given("192.0.2.2", 1, "bb"));
        assertEquals(486, given("192.0.2.3", 1, "cc"), "one network, whoever it is");
        assertEquals(0, given("198.51.100.1", 1, "cc"));
        assertEquals(0, given("198.51.100.2", 1, "dd"));
        assertEquals(508, given("203.0.113.77", 1, "ee"), "everybody");
    }

    @Test
    void aDomainHasItsShare() throws Exception {
        for (int i = 0; i < 4; i++) assertEquals(0, given("198.51." + i + ".1", i, "device " + i, "example.net"));
        assertEquals(486, given("203.0.113.1", 1, "another", "example.net"));
        assertEquals(0, given("203.0.113.1", 2, "another", "example.org"));
    }

    private int given(String host, int port, String device) throws Exception {
        return given(host, port, device, device + ".example");
    }

    private int given(String host, int port, String device, String domain) throws Exception {
        var one = client(new Place(address(host, port + 1)), device, domain);
        one.greet();
        return code(one.askSigned(TurnClient.allocate(one.request(Requests.ALLOCATE))));
    }

    @Test
    void onlyPermittedPeersAreHeardAndSpokenTo() throws Exception {
        client.allocated();
        var indication = new StunWriter(Requests.SEND, StunClass.INDICATION, new byte[12])
                .putXor(Attribute.XOR_PEER_ADDRESS, PEER)
                .put(Attribute.DATA, DATA)
                .bytes();
        server.heard(place, ByteBuffer.wrap(indication));
        fromPeer(DATA, PEER);
        assertEquals(List.of(), opened.sent);
        assertEquals(List.of(), place.got);
        assertEquals(0, code(client.askSigned(naming(Requests.CREATE_PERMISSION, PEER))));
        server.heard(place, ByteBuffer.wrap(indication));
        assertEquals(List.of(new Sent("hello", PEER)), opened.sent);
        // A permission is for an address, not for a port.
        fromPeer(DATA, address("192.0.2.20", 7001));
        var heard = StunMessage.parse(place.got.removeFirst());
        assertEquals(Requests.DATA, heard.method());
        assertArrayEquals(DATA, heard.value(Attribute.DATA).orElseThrow());
        assertEquals(Optional.of(address("192.0.2.20", 7001)), heard.xorAddress(Attribute.XOR_PEER_ADDRESS));
        now = now.plus(TurnLimits.PERMISSION);
        server.heard(place, ByteBuffer.wrap(indication));
        fromPeer(DATA, PEER);
        assertEquals(1, opened.sent.size());
        assertEquals(List.of(), place.got, "after five minutes it is over");
    }

    @Test
    void noPeerIsInANetworkOfOnesOwn() throws Exception {
        client.allocated();
        for (String host : List.of("10.0.0.1", "127.0.0.1", "192.168.1.1")) {
            assertEquals(403, code(client.askSigned(naming(Requests.CREATE_PERMISSION, address(host, 22)))), host);
            assertEquals(403, code(client.askSigned(binding(0x4000, address(host, 22)))), host);
        }
        var both = naming(Requests.CREATE_PERMISSION, PEER).putXor(Attribute.XOR_PEER_ADDRESS, address("10.0.0.1", 22));
        assertEquals(403, code(client.askSigned(both)));
        assertFalse(opened.allocations.getFirst().isPermitted(PEER.getAddress(), 0), "all or none");
        assertEquals(443, code(client.askSigned(naming(Requests.CREATE_PERMISSION, address("2001:db8::1", 1)))));
    }

    @Test
    void aChannelCarriesBothWays() throws Exception {
        client.allocated();
        assertEquals(400, code(client.askSigned(binding(0x3FFF, PEER))));
        assertEquals(400, code(client.askSigned(binding(0x8000, PEER))));
        assertEquals(0, code(client.askSigned(binding(0x4001, PEER))));
        assertEquals(0, code(client.askSigned(binding(0x4001, PEER))), "refreshed");
        assertEquals(400, code(client.askSigned(binding(0x4002, PEER))), "it has one");
        assertEquals(400, code(client.askSigned(binding(0x4001, address("192.0.2.21", 1)))), "it is another's");
        server.heard(place, ByteBuffer.wrap(TurnClient.channelData(0x4001, DATA)));
        assertEquals(List.of(new Sent("hello", PEER)), opened.sent);
        fromPeer(DATA, PEER);
        assertArrayEquals(TurnClient.channelData(0x4001, DATA), place.got.removeFirst());
        // Longer than it is, and of a number that is nobody's.
        server.heard(place, ByteBuffer.wrap(new byte[] {0x40, 1, 0, 9, 1}));
        server.heard(place, ByteBuffer.wrap(TurnClient.channelData(0x4002, DATA)));
        assertEquals(1, opened.sent.size());
    }

    @Test
    void permissionsAndChannelsHaveTheirBound() throws Exception {
        client.allocated();
        for (int i = 0; i < LIMITS.permissions(); i++)
            assertEquals(0, code(client.askSigned(naming(Requests.CREATE_PERMISSION, address("192.0.2.2" + i, 1)))));
        assertEquals(508, code(client.askSigned(naming(Requests.CREATE_PERMISSION, address("192.0.2.30", 1)))));
        assertEquals(0, code(client.askSigned(binding(0x4000, address("192.0.2.20", 1)))));
        assertEquals(0, code(client.askSigned(binding(0x4001, address("192.0.2.20", 2)))));
        assertEquals(400, code(client.askSigned(binding(0x4002, address("192.0.2.20", 3)))));
    }

    @Test
    void anAllocationEndsWhenNobodyRefreshesIt() throws Exception {
        client.allocated();
        now = now.plusSeconds(599);
        server.sweep();
        assertEquals(1, server.size());
        var answer = client.askSigned(client.request(Requests.REFRESH).put(Attribute.LIFETIME, 100_000));
        assertEquals(Optional.of(3600L), answer.number(Attribute.LIFETIME), "an hour at most");
        now = now.plusSeconds(3599);
        server.sweep();
        assertEquals(1, server.size());
        now = now.plusSeconds(1);
        server.sweep();
        assertEquals(0, server.size());
        assertEquals(1, opened.closed);
    }

    @Test
    void aRefreshWithNoTimeEndsIt() throws Exception {
        client.allocated();
        assertEquals(0, code(client.askSigned(client.request(Requests.REFRESH).put(Attribute.LIFETIME, 0))));
        assertEquals(0, server.size());
        assertEquals(1, opened.closed);
    }

    @Test
    void anotherDeviceCannotUseIt() throws Exception {
        client.allocated();
        var other = client(place, "cd".repeat(32));
        other.realm = client.realm;
        other.nonce = client.nonce;
        assertEquals(441, code(other.askSigned(other.request(Requests.REFRESH).put(Attribute.LIFETIME, 0))));
        assertEquals(1, server.size());
    }

    @Test
    void whoeverSendsTooMuchLosesTheRest() throws Exception {
        client.allocated();
        client.askSigned(binding(0x4001, PEER));
        byte[] much = TurnClient.channelData(0x4001, new byte[452]);
        for (int i = 0; i < 20; i++) server.heard(place, ByteBuffer.wrap(much));
        assertEquals(8, opened.sent.size(), "four seconds' worth");
        now = now.plusSeconds(1);
        for (int i = 0; i < 20; i++) server.heard(place, ByteBuffer.wrap(much));
        assertEquals(10, opened.sent.size());
    }

    @Test
    void whatIsNoMessageGetsNoAnswer() {
        for (byte[] bytes : List.of(new byte[0], new byte[3], new byte[30], DATA, new byte[] {0x40}))
            server.heard(place, ByteBuffer.wrap(bytes));
        assertEquals(List.of(), place.got);
    }

    // By UDP the sender may be forged: nobody is flooded by way of us.
    @Test
    void answersToANetworkWithoutAllocationsAreBoundedAndOthersHearTheirs() throws Exception {
        client.greet();
        client.askSigned(TurnClient.allocate(client.request(Requests.ALLOCATE)));
        var forged = new Place(address("198.51.100.7", 40_001));
        for (int method : new int[] {Requests.ALLOCATE, Requests.BINDING})
            for (int i = 0; i < 5_000; i++)
                server.heard(forged, ByteBuffer.wrap(client.request(method).bytes()));
        long bytes = forged.got.stream().mapToLong(each -> each.length).sum();
        assertTrue(bytes > Strangers.BYTES_PER_SECOND && bytes <= 4 * Strangers.BYTES_PER_SECOND, bytes + " bytes");
        var other = new Place(address("198.51.101.7", 40_001));
        server.heard(other, ByteBuffer.wrap(client.request(Requests.BINDING).bytes()));
        assertEquals(1, other.got.size());
        // By TCP and TLS nobody forges: they are answered all the same.
        var connected = new Place(forged.address());
        connected.isConnected = true;
        server.heard(connected, ByteBuffer.wrap(client.request(Requests.BINDING).bytes()));
        assertEquals(1, connected.got.size());
        int before = forged.got.size();
        now = now.plusSeconds(1);
        server.heard(forged, ByteBuffer.wrap(client.request(Requests.BINDING).bytes()));
        assertEquals(before + 1, forged.got.size());
        // Whoever has an allocation is answered whatever its network did.
        var neighbour = new Place(address("192.0.2.9", 40_002));
        for (int i = 0; i < 5_000; i++)
            server.heard(
                    neighbour, ByteBuffer.wrap(client.request(Requests.ALLOCATE).bytes()));
        assertTrue(neighbour.got.size() < 5_000);
        assertEquals(
                StunClass.SUCCESS,
                client.askSigned(client.request(Requests.REFRESH)).kind());
    }
}
