package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.embedded.Bounds;
import dev.starling.dht.embedded.EmbeddedDht;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import dev.starling.locate.LocationService;
import dev.starling.media.Bridges;
import dev.starling.media.MediaConfig;
import dev.starling.media.MediaLimits;
import dev.starling.media.PortRange;
import dev.starling.phone.Browsers;
import dev.starling.record.RecordOpener;
import dev.starling.record.SequenceMemory;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Offences;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What clients ask of a peer that carries ordinary phone lines: each attempt to make it a relay for everybody, with
/// its
/// limit and its line in the log (docs/protocols/classic.md, section 3).
class OrdinaryLinesTest {
    private static final String CAROL = "sip:carol@classic.example", RELAY = "Asked to relay";
    private static final Bounds ROOM = new Bounds(256, 1L << 20, 256, 1L << 20, 1_000, 1L << 20, 1L << 20, 1L << 24);

    @TempDir
    Path folder;

    private final World world = new World();
    private final World.TestPeer peer = world.peer("one");
    private final Offences offences = new Offences(System.getLogger("starling.lines.test"), world.time);
    private Dht dht;
    private Bridges bridges;

    /// A client, and what it is answered.
    private final class Client {
        final Person person;
        final MemoryFlow flow;
        final BlockingQueue<SipMessage> heard = new LinkedBlockingQueue<>();

        Client(Person person) {
            this.person = person;
            flow = peer.online(person);
            flow.takenBy(bytes -> {
                try {
                    heard.add(SipMessage.parse(bytes));
                } catch (SipException e) {
                    throw new AssertionError(e);
                }
            });
        }

        Edit request(String method, String to, String body) {
            Edit edit = person.request(method, to, "<" + to + ">").add("Contact", "<" + person.gruu() + ">");
            String type = method.equals("INVITE") ? "application/sdp" : "text/plain";
            return edit.body(type, body.getBytes(StandardCharsets.UTF_8));
        }

        /// The final answer to what is signed by `signer`.
        SipMessage asks(Edit request, String dest, Person signer) throws InterruptedException {
            flow.says(signer.signed(request, dest, Person.NO_TOKEN, world.time.instant())
                    .bytes());
            return answer();
        }

        SipMessage answer() throws InterruptedException {
            SipMessage next;
            do next = Optional.ofNullable(heard.poll(20, TimeUnit.SECONDS)).orElseThrow();
            while (next.status() == 100);
            return next;
        }

        String said(String method, String to, String body) throws InterruptedException {
            SipMessage answer = asks(request(method, to, body), to, person);
            return answer.status() + " " + answer.reason();
        }
    }

    @BeforeEach
    void open() throws DhtException, IOException {
        dht = new EmbeddedDht(folder.resolve("dht.db"), ROOM, world.time);
        var certificates = new CertificateVerifier(world.authority.anchors(), true);
        var opener = new RecordOpener("local", certificates, SequenceMemory.inMemory(100), world.time);
        bridges = new Bridges(new MediaConfig(
                List.of(InetAddress.getLoopbackAddress()),
                new PortRange(42_000, 42_099),
                new PortRange(42_100, 42_199),
                _ -> true,
                MediaLimits.USUAL));
        peer.edge.serve(new Browsers(
                peer.edge.clients(),
                new LocationService(dht, "local", certificates, opener, world.time),
                bridges,
                Set.of("example.net"),
                Optional::empty,
                world.time,
                offences,
                world.time));
    }

    @AfterEach
    void close() {
        bridges.close();
        dht.close();
        world.close();
    }

    private Client alice() {
        return new Client(world.person("alice@example.net"));
    }

    private static String sdp() {
        return "v=0\r\na=fingerprint:sha-256 " + "AB:".repeat(31) + "AB\r\n";
    }

    @Test
    void itIsNoRelayForPeopleOfOtherDomainsAndTheLogNamesTheirs() throws Exception {
        var eve = new Client(world.person("eve@example.com"));
        assertEquals("403 Not for people of your domain", eve.said("INVITE", CAROL, sdp()));
        assertEquals("403 Not for people of your domain", eve.said("MESSAGE", CAROL, "hello"));
        assertEquals(2, offences.count(RELAY));
    }

    @Test
    void nobodySpeaksInTheNameOfSomebodyElse() throws Exception {
        Client alice = alice();
        Person eve = world.person("eve@example.net"), second = world.person("alice@example.net");
        // Registered as herself, naming another one.
        alice.flow.says(eve.signed(
                        new Client(eve).request("MESSAGE", CAROL, "hello"),
                        CAROL,
                        Person.NO_TOKEN,
                        world.time.instant())
                .bytes());
        assertEquals("Not your address", alice.answer().reason());
        // Another device of hers, which is not the one at this flow.
        assertEquals(
                "Another device",
                alice.asks(alice.request("MESSAGE", CAROL, "hello"), CAROL, second)
                        .reason());
        // Unsigned, and signed for somebody else.
        alice.flow.says(alice.request("INVITE", CAROL, sdp()).toBytes());
        assertEquals(428, alice.answer().status());
        assertEquals(
                438,
                alice.asks(alice.request("INVITE", CAROL, sdp()), "sip:dora@classic.example", alice.person)
                        .status());
    }

    @Test
    void onlyWhoIsRegisteredHereAsksAndNoOtherPeerDoes() throws Exception {
        Person alice = world.person("alice@example.net");
        SipMessage message = alice.signed(
                alice.request("MESSAGE", CAROL, "<" + CAROL + ">").body("text/plain", new byte[] {'a'}),
                CAROL,
                Person.NO_TOKEN,
                world.time.instant());
        MemoryFlow stranger = peer.flow(), other = peer.peerFlow("ab".repeat(32));
        stranger.says(message.bytes());
        assertEquals("Register first", stranger.one().reason());
        other.says(message.bytes());
        assertEquals(404, other.one().status());
    }

    @Test
    void aCertificateAloneIsNotEnoughTheDeviceMustBeOnTheList() throws Exception {
        assertEquals("403 None of your devices has allowed this one yet", alice().said("MESSAGE", CAROL, "hello"));
        assertEquals("403 None of your devices has allowed this one yet", alice().said("INVITE", CAROL, sdp()));
        assertEquals(0, bridges.size());
    }

    @Test
    void peopleOfItsOwnDomainsAndNumbersAreNotReachedSo() throws Exception {
        Client alice = alice();
        for (String to : List.of("sip:bob@example.net", "tel:+4930123456", "sip:not%20an%20address@classic.example"))
            assertEquals(
                    404,
                    alice.asks(alice.request("MESSAGE", to, "hello"), to, alice.person)
                            .status());
    }

    @Test
    void whatIsNoTextOrTooLongIsRefused() throws Exception {
        Client alice = alice();
        assertTrue(alice.said("MESSAGE", CAROL, "x".repeat(16 * 1024 + 1)).startsWith("413 "));
        Edit other = alice.request("MESSAGE", CAROL, "hello").body("application/pkcs7-mime", new byte[] {1});
        assertEquals(415, alice.asks(other, CAROL, alice.person).status());
        Edit without = alice.request("INVITE", CAROL, "").body("application/sdp", new byte[0]);
        assertEquals(488, alice.asks(without, CAROL, alice.person).status());
    }

    @Test
    void whoAsksTooOftenWaitsAndTheLogNamesTheDomainThatIsAskedFor() throws Exception {
        Client alice = alice();
        int refused = 0;
        for (int i = 0; i < 30; i++) if (alice.said("MESSAGE", CAROL, "hello").startsWith("503 ")) refused++;
        assertEquals(10, refused);
        assertEquals(10, offences.count("Browsers ask too often"));
    }

    @Test
    void withinADialogOnlyItsOwnDeviceIsHeard() throws Exception {
        Client alice = alice();
        String contact = peer.self.contact();
        Edit bye =
                alice.person.request("BYE", contact.substring(1, contact.length() - 1), "<" + CAROL + ">;tag=theirs");
        alice.flow.says(bye.toBytes());
        assertEquals(481, alice.answer().status());
    }

    @Test
    void aDeviceIsRungByOrdinaryLinesOnlyWhenItSaidSo() throws Exception {
        Client alice = alice();
        var clients = peer.edge.clients();
        var carol = Address.ofUri(CAROL);
        DeviceId device = alice.person.device();
        assertFalse(clients.admitsLine(device, carol));
        wants(alice, true, List.of());
        assertTrue(clients.admitsLine(device, carol));
        wants(alice, true, List.of(DeviceId.sha256(carol.bytes())));
        assertFalse(clients.admitsLine(device, carol), "blocked");
        wants(alice, false, List.of());
        assertFalse(clients.admitsLine(device, carol));
    }

    private void wants(Client client, boolean lines, List<byte[]> blocked) throws InterruptedException {
        byte[] body = Cbor.encode(
                new CborMap().with(1, List.of()).with(2, false).with(3, blocked).with(4, lines));
        client.flow.says(client.person
                .publish(peer.uri(), "starling-consent", "application/cbor", body, world.time.instant(), Map.of())
                .bytes());
        assertEquals(200, client.answer().status());
    }
}
