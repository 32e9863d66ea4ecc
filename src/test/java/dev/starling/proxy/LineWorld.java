package dev.starling.proxy;

import dev.starling.classic.ClassicEdge;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.embedded.Bounds;
import dev.starling.dht.embedded.EmbeddedDht;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import dev.starling.locate.LocationService;
import dev.starling.locate.Memory;
import dev.starling.media.Bridges;
import dev.starling.media.MediaConfig;
import dev.starling.media.MediaLimits;
import dev.starling.media.PortRange;
import dev.starling.phone.Browsers;
import dev.starling.phone.Neighbours;
import dev.starling.phone.PhoneFolder;
import dev.starling.phone.Phones;
import dev.starling.record.DeviceChain;
import dev.starling.record.Kind;
import dev.starling.record.RecordOpener;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.record.SignedRecord;
import dev.starling.sip.locating.Names;
import dev.starling.sip.locating.Srv;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.NeighbourTransport;
import dev.starling.sip.transport.Offences;
import dev.starling.sip.transport.PhoneTransport;
import dev.starling.sip.transport.Tap;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;

/// A peer that carries ordinary phone lines for browsers of `example.net`, and carol's server at `classic.example`, by
/// UDP at this host. Time passes when it is told to.
final class LineWorld implements AutoCloseable {
    static final Address CAROL = address("carol@classic.example");
    private static final String NETWORK = "local";
    private static final Duration LIFE = Duration.ofHours(1);
    private static final Bounds ROOM = new Bounds(256, 1L << 20, 256, 1L << 20, 1_000, 1L << 20, 1L << 20, 1L << 24);

    final World world = new World();
    final SimulatedTime time = world.time;
    final World.TestPeer peer = world.peer("one");
    final Bridges bridges;
    final ClassicEdge edge;
    final Carol carol;
    final LocationService location;
    private final Dht dht;
    private final Memory memory;
    private final Phones phones;
    private final PhoneTransport transport;
    private int slots;

    LineWorld(Path folder) throws Exception {
        carol = new Carol();
        dht = new EmbeddedDht(folder.resolve("dht.db"), ROOM, time);
        memory = new Memory(folder.resolve("memory.db"), NETWORK, 1_000, 1_000);
        var certificates = new CertificateVerifier(world.authority.anchors(), true);
        var opener = new RecordOpener(NETWORK, certificates, memory, time);
        location = new LocationService(dht, NETWORK, certificates, opener, time, true, Optional.of(memory));
        var here = List.of(InetAddress.getLoopbackAddress());
        bridges = new Bridges(new MediaConfig(
                here, new PortRange(19_500, 19_599), new PortRange(19_600, 19_699), _ -> true, MediaLimits.USUAL));
        transport = new PhoneTransport(
                new PhoneTransport.Listening(here, 0, OptionalInt.empty(), Optional.empty()),
                PhoneTransport.Limits.USUAL,
                Optional.empty(),
                (_, _) -> Optional.empty(),
                time);
        phones = new Phones(new PhoneFolder(folder.resolve("phones")), _ -> {
            throw new IOException("there are none");
        });
        var offences = new Offences(System.getLogger("starling.lines.test"), time);
        var browsers = new Browsers(
                peer.edge.clients(), location, bridges, Set.of("example.net"), this::edge, time, offences, time);
        peer.edge.serve(browsers);
        var tls = SSLContext.getDefault();
        edge = new ClassicEdge(
                transport,
                receiver -> new NeighbourTransport(transport, tls, _ -> true, new Tap(), receiver),
                _ -> true,
                new Carols(carol.port()),
                new Neighbours(phones, Optional.of(browsers), bridges, time),
                time,
                offences,
                time);
        transport.start(edge);
    }

    private Optional<ClassicEdge> edge() {
        return Optional.of(edge);
    }

    private static Address address(String text) {
        try {
            return Address.parse(text);
        } catch (dev.starling.identity.IdentityException e) {
            throw new AssertionError(e);
        }
    }

    /// The DNS of carol's domain.
    private record Carols(int port) implements Names {
        @Override
        public List<Naptr> naptr(String domain) {
            return List.of();
        }

        @Override
        public List<Srv> srv(String name) {
            boolean isHers = name.equals("_sip._udp.classic.example");
            return isHers ? List.of(new Srv(0, 0, port, "sip.classic.example")) : List.of();
        }

        @Override
        public List<InetAddress> addresses(String host) {
            return List.of(InetAddress.getLoopbackAddress());
        }
    }

    /// Somebody with these devices lies in the store.
    void publish(Person... devices) throws DhtException {
        Person first = devices[0];
        var listed = Arrays.stream(devices)
                .map(each -> new DeviceChain.Device(
                        each.device(), each.key().publicKey().getEncoded(), "a device", 1))
                .toList();
        Keys.Held key = first.key();
        var pair = new KeyPair(key.publicKey(), key.key());
        var root = DeviceChain.link(pair, List.of(), listed, time.instant().getEpochSecond(), first.address(), NETWORK);
        put(first, Kind.DEVICES, new CborMap().with(1, List.of(root)));
        for (Person each : devices) put(each, Kind.CERT, new CborMap());
    }

    private void put(Person signer, Kind kind, CborMap body) throws DhtException {
        var now = time.instant();
        byte[] record = SignedRecord.sign(
                signer.key(),
                NETWORK,
                new SignedRecord.Statement(
                        kind, signer.address(), time.millis(), now, now.plus(LIFE), Optional.of(body)));
        put(signer.address(), kind, record);
    }

    private void put(Address address, Kind kind, byte[] record) throws DhtException {
        var place = Rendezvous.Master.of(address, NETWORK)
                .around(kind, time.instant())
                .getFirst();
        var owner = Dht.Owner.local("owner" + slots);
        dht.put(place.hexKey(), new Dht.Value(slots++, owner, Sealed.seal(place, record)), LIFE);
    }

    /// Something lies there that nobody genuine wrote.
    void forge(Address address) throws DhtException {
        put(address, Kind.DEVICES, new byte[] {1, 2, 3});
    }

    /// A browser of somebody that is listed and has switched ordinary lines on.
    Browser browser(String address) throws Exception {
        var browser = new Browser(world.person(address));
        publish(browser.person);
        browser.wants(true);
        return browser;
    }

    /// A client, and what it hears.
    final class Browser {
        /// As browsers offer and answer.
        static final String SDP = """
                v=0
                o=- 1 1 IN IP4 127.0.0.1
                s=-
                c=IN IP4 127.0.0.1
                t=0 0
                m=audio 9 UDP/TLS/RTP/SAVPF 0 8
                a=rtcp-mux
                a=ice-ufrag:abcd
                a=ice-pwd:abcdefghijklmnopqrstuv
                a=setup:actpass
                a=fingerprint:sha-256 %s
                """.formatted("AB:".repeat(31) + "AB").replace("\n", "\r\n");

        final Person person;
        final BlockingQueue<SipMessage> heard = new LinkedBlockingQueue<>();
        MemoryFlow flow;

        Browser(Person person) {
            this.person = person;
            comes();
        }

        /// It connects, anew.
        void comes() {
            flow = peer.online(person);
            flow.takenBy(this::hears);
        }

        private void hears(byte[] bytes) {
            try {
                heard.add(SipMessage.parse(bytes));
            } catch (SipException e) {
                throw new AssertionError(e);
            }
        }

        /// The next message, 100 Trying left out.
        SipMessage next() throws InterruptedException {
            SipMessage next;
            do next = Optional.ofNullable(heard.poll(20, TimeUnit.SECONDS)).orElseThrow();
            while (next.status() == 100);
            return next;
        }

        /// As `180 INVITE` or `BYE`.
        String line() throws InterruptedException {
            return LineWorld.line(next());
        }

        void wants(boolean lines) throws InterruptedException {
            byte[] body = Cbor.encode(new CborMap()
                    .with(1, List.of())
                    .with(2, false)
                    .with(3, List.of())
                    .with(4, lines));
            flow.says(person.publish(peer.uri(), "starling-consent", "application/cbor", body, time.instant(), Map.of())
                    .bytes());
            if (next().status() != 200) throw new AssertionError("consent");
        }

        Edit request(String method, String to) {
            return person.request(method, to, "<" + to + ">").add("Contact", "<" + person.gruu() + ">");
        }

        SipMessage signed(Edit request, String dest) {
            return person.signed(request, dest, Person.NO_TOKEN, time.instant());
        }

        SipMessage invite(Address whom) {
            String to = whom.uri();
            Edit request = request("INVITE", to).body("application/sdp", SDP.getBytes(StandardCharsets.US_ASCII));
            return signed(request, to);
        }

        /// Calls, and has heard no answer yet.
        SipMessage calls(Address whom) {
            SipMessage invite = invite(whom);
            says(invite);
            return invite;
        }

        void says(SipMessage message) {
            flow.says(message.bytes());
        }

        void says(Edit message) {
            flow.says(message.toBytes());
        }

        /// Within the dialog that the answer to an INVITE of its own began.
        Edit within(SipMessage invite, SipMessage answer, String method, long cseq) {
            String contact = peer.self.contact();
            return request(method, contact.substring(1, contact.length() - 1))
                    .set("From", invite.required("from"))
                    .set("To", answer.required("to"))
                    .set("Call-ID", invite.callId())
                    .set("CSeq", cseq + " " + method);
        }

        /// What it answers to the peer.
        void answers(SipMessage request, int status, String sdp) {
            Edit answer = Edit.response(request, status, "x", "browser").add("Contact", "<" + person.gruu() + ">");
            if (!sdp.isEmpty()) answer.body("application/sdp", sdp.getBytes(StandardCharsets.US_ASCII));
            says(answer);
        }
    }

    static String line(SipMessage message) {
        return message.isRequest() ? message.method() : message.status() + " " + message.cseqMethod();
    }

    /// Her server.
    final class Carol implements AutoCloseable {
        static final String SDP = """
                v=0
                o=carol 1 1 IN IP4 127.0.0.1
                s=-
                c=IN IP4 127.0.0.1
                t=0 0
                m=audio 9 RTP/AVP 0 8
                """.replace("\n", "\r\n");

        private final DatagramSocket socket;
        private int branch;

        Carol() throws IOException {
            socket = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            socket.setSoTimeout(20_000);
        }

        int port() {
            return socket.getLocalPort();
        }

        String contact() {
            return "<sip:carol@127.0.0.1:" + port() + ">";
        }

        /// The next message, 100 Trying left out.
        SipMessage next() throws IOException, SipException {
            SipMessage next;
            do {
                var packet = new DatagramPacket(new byte[65_536], 65_536);
                socket.receive(packet);
                next = SipMessage.parse(Arrays.copyOf(packet.getData(), packet.getLength()));
            } while (next.status() == 100);
            return next;
        }

        String line() throws IOException, SipException {
            return LineWorld.line(next());
        }

        /// Whether nothing is on its way to her.
        boolean hearsNothing() throws IOException, SipException {
            socket.setSoTimeout(100);
            try {
                throw new AssertionError("heard " + next());
            } catch (java.net.SocketTimeoutException e) {
                return true;
            } finally {
                socket.setSoTimeout(20_000);
            }
        }

        void says(byte[] bytes) throws IOException {
            socket.send(new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), transport.port()));
        }

        Edit request(String method, Address to, String callId) {
            return Edit.request(method, to.uri())
                    .add("Via", "SIP/2.0/UDP 127.0.0.1:" + port() + ";branch=z9hG4bKcarol" + branch++)
                    .add("Max-Forwards", "70")
                    .add("From", "\"Carol\" <" + CAROL.uri() + ">;tag=carol")
                    .add("To", "<" + to.uri() + ">")
                    .add("Call-ID", callId)
                    .add("CSeq", "1 " + method);
        }

        Edit invite(Address to, String callId) {
            return request("INVITE", to, callId)
                    .add("Contact", contact())
                    .body("application/sdp", SDP.getBytes(StandardCharsets.US_ASCII));
        }

        void calls(Edit invite) throws IOException {
            says(invite.toBytes());
        }

        void answers(SipMessage request, int status, String sdp) throws IOException {
            Edit answer = Edit.response(request, status, "x", "carol").add("Contact", contact());
            if (!sdp.isEmpty()) answer.body("application/sdp", sdp.getBytes(StandardCharsets.US_ASCII));
            says(answer.toBytes());
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    @Override
    public void close() {
        bridges.close();
        transport.close();
        phones.close();
        carol.close();
        memory.close();
        dht.close();
        world.close();
    }
}
