package dev.starling.agent;

import dev.starling.StandingClock;
import dev.starling.cms.Body;
import dev.starling.cms.Content;
import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import dev.starling.locate.LocationService;
import dev.starling.locate.Memory;
import dev.starling.locate.World;
import dev.starling.record.Bodies;
import dev.starling.record.DeviceChain;
import dev.starling.record.Kind;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// The agent of a phone of bob, in a world where time passes when it is told to: a store, a peer that passes on and
/// else says 200, other devices of bob and of others.
public final class AgentWorld implements AutoCloseable {
    public static final Address BOB = World.BOB, ALICE = new Address("alice@example.net");
    private static final Duration LIFE = Duration.ofDays(7);
    private static final Bodies.PeerPlace PLACE = new Bodies.PeerPlace(
            "sip:peer.example:5061;transport=tls", DeviceId.of(new byte[32]), "https://peer.example/");

    public final World world;
    public final StandingClock clock;
    final Path folder;
    public final Timed timers = new Timed();
    public final Peer peer = new Peer();
    public final Keys.Held phone;
    private final Memory memory;
    private final List<Runnable> open = new ArrayList<>();
    private final Map<Address, List<Object>> roots = new ConcurrentHashMap<>();
    private int slots;

    public AgentWorld(Path folder) throws DhtException, IOException {
        this.folder = folder;
        world = new World(folder);
        clock = world.clock;
        memory = new Memory(folder.resolve("memory.db"), World.NETWORK, 1000, 1000);
        phone = world.device(BOB.text());
    }

    /// Timers that fire while time passes, in order.
    public final class Timed implements TransactionLayer.Timers {
        private record Due(Instant at, long order, Runnable task) {}

        private final PriorityQueue<Due> due =
                new PriorityQueue<>(Comparator.comparing(Due::at).thenComparingLong(Due::order));
        private long order;

        @Override
        public synchronized Runnable after(Duration delay, Runnable task) {
            var each = new Due(clock.instant().plus(delay), order++, task);
            due.add(each);
            notifyAll();
            return () -> {
                synchronized (this) {
                    due.remove(each);
                }
            };
        }

        /// Waits until something will be done within `time`: what other threads are about to arrange.
        public synchronized void await(Duration time) throws InterruptedException {
            while (due.isEmpty() || due.peek().at.isAfter(clock.instant().plus(time))) wait();
        }

        private synchronized Optional<Due> next(Instant end) {
            return Optional.ofNullable(due.peek())
                    .filter(each -> !each.at.isAfter(end))
                    .map(_ -> due.remove());
        }

        public void pass(Duration time) {
            Instant end = clock.instant().plus(time);
            for (var next = next(end); next.isPresent(); next = next(end)) {
                if (next.get().at.isAfter(clock.instant()))
                    clock.pass(Duration.between(clock.instant(), next.get().at));
                next.get().task.run();
            }
            clock.pass(Duration.between(clock.instant(), end));
        }
    }

    /// Passes requests on to the device that they name, and their answers back; says 200 to all others.
    public static final class Peer {
        public final LinkedBlockingQueue<SipMessage> heard = new LinkedBlockingQueue<>();
        private final Map<String, Flow> flows = new ConcurrentHashMap<>(), asked = new ConcurrentHashMap<>();

        /// Waits until it is asked this.
        public void await(String method) throws InterruptedException {
            String next = "";
            while (!next.equals(method))
                next = Optional.ofNullable(heard.poll(20, TimeUnit.SECONDS))
                        .orElseThrow()
                        .method();
        }

        Flow.Receiver door(DeviceId device) {
            return new Flow.Receiver() {
                @Override
                public void received(Flow from, byte[] bytes) {
                    flows.put(device.hex(), from);
                    try {
                        pass(from, SipMessage.parse(bytes));
                    } catch (SipException e) {
                        throw new AssertionError(e);
                    }
                }

                @Override
                public void closed(Flow from) {
                    flows.remove(device.hex(), from);
                }
            };
        }

        private void pass(Flow from, SipMessage message) throws SipException {
            if (!message.isRequest()) {
                Optional.ofNullable(asked.get(message.branch())).orElseThrow().send(message.bytes());
                return;
            }
            heard.add(message);
            int gruu = message.uri().indexOf(";gr=");
            var to = gruu < 0
                    ? Optional.<Flow>empty()
                    : Optional.ofNullable(flows.get(message.uri().substring(gruu + 4)));
            if (to.isEmpty()) {
                int status = gruu < 0 ? 200 : 480;
                from.send(Edit.response(message, status, "So it is", "peer")
                        .build()
                        .bytes());
            } else {
                asked.put(message.branch(), from);
                to.get().send(message.bytes());
            }
        }
    }

    LocationService location() {
        return world.service(memory);
    }

    /// The phone's agent, with what it kept; texts go to `reader`.
    public Agent agent(Reader reader) throws IOException {
        var ua = userAgent(new Profile(BOB, phone), timers);
        var agent = new Agent(
                ua,
                new Agent.Config(World.NETWORK, "Desk phone", List.of("message")),
                location(),
                (place, device, record, _) -> put(place, place.valueId(device), record),
                new AgentStore(folder.resolve("agent.db")),
                reader,
                timers,
                clock);
        open.add(agent::close);
        return agent;
    }

    /// Another device, which acknowledges what it is told.
    public UserAgent online(Profile profile) throws SipException {
        var ua = userAgent(profile, (_, _) -> () -> {});
        open.add(ua::close);
        ua.on("MESSAGE", incoming -> {
            var _ = incoming.answer(200, "OK");
        });
        // The peer knows it from then on.
        ua.send(ua.toHome("REGISTER"), List.of(), _ -> {});
        return ua;
    }

    private UserAgent userAgent(Profile profile, TransactionLayer.Timers timed) {
        var home = new UserAgent.Home(peer.door(profile.id()), PLACE);
        return new UserAgent(profile, "", home, location().certificates(), timed, clock);
    }

    /// What another device of bob, or of somebody else, tells the phone; whether it said, signed, that it has it.
    public boolean tell(UserAgent from, Content content) throws InterruptedException {
        var device = new LocationService.Device(
                phone.id(),
                "Desk phone",
                true,
                false,
                Optional.of(world.verified(phone)),
                Optional.of(new Bodies.Location(List.of(PLACE), phone.id().gruu(BOB), List.of())));
        return !new Post(from, clock)
                .send(BOB, List.of(device), content, Optional.empty())
                .taken()
                .isEmpty();
    }

    /// CERT, LOCATION and a list of devices, signed by the first, as whoever knows the address
    /// finds them today; the same list each time.
    public void list(Address address, Keys.Held... devices) throws IOException {
        var listed = java.util.Arrays.stream(devices)
                .map(d -> new DeviceChain.Device(d.id(), d.publicKey().getEncoded(), "a device", 1))
                .toList();
        var pair = new KeyPair(devices[0].publicKey(), devices[0].key());
        var root = roots.computeIfAbsent(
                address,
                _ -> DeviceChain.link(
                        pair, List.of(), listed, clock.instant().getEpochSecond(), address, World.NETWORK));
        publish(devices[0], Kind.DEVICES, address, World.list(List.of(root)));
        for (var each : devices) {
            publish(each, Kind.CERT, address, new CborMap());
            var here = new Bodies.Location(List.of(PLACE), each.id().gruu(address), List.of("message"));
            publish(each, Kind.LOCATION, address, here.toCbor());
        }
    }

    private void publish(Keys.Held signer, Kind kind, Address address, CborMap body) throws IOException {
        Duration life = kind == Kind.LOCATION ? Duration.ofHours(12) : LIFE;
        byte[] record = world.record(signer, kind, address, clock.millis(), life, Optional.of(body));
        var place = Rendezvous.Master.of(address, World.NETWORK)
                .around(kind, clock.instant())
                .getFirst();
        put(place, place.valueId(signer.id()), record);
    }

    private void put(Rendezvous place, long id, byte[] record) throws IOException {
        leave(place, id, Sealed.seal(place, record));
    }

    private void leave(Rendezvous place, long id, byte[] value) throws IOException {
        try {
            world.dht.put(place.hexKey(), new Dht.Value(id, Dht.Owner.local("owner" + slots++), value), LIFE);
        } catch (DhtException e) {
            throw new IOException(e);
        }
    }

    /// Any bytes where whoever knows the place can leave them.
    void leave(Rendezvous place, byte[] value) throws IOException {
        leave(place, slots, value);
    }

    public static byte[] key(int fill) {
        byte[] key = new byte[32];
        java.util.Arrays.fill(key, (byte) fill);
        return key;
    }

    public static Content.EndorseGrant grant(byte[] ownKey, byte[] friendsKey) {
        return new Content.EndorseGrant(ownKey, friendsKey, 1, List.of(), OptionalLong.of(1), Optional.empty());
    }

    /// An accepted contact, as bob's devices share it.
    public Content.Entry contact(Address address, String name) {
        byte[] value = Cbor.encode(new CborMap()
                .with(1, 1L)
                .with(2, name)
                .with(3, key(1))
                .with(4, key(2))
                .with(5, new byte[0])
                .with(6, 1L)
                .with(7, new byte[0]));
        return new Content.Entry("contact " + address, clock.millis(), value);
    }

    public Content.Entry blocked(Address address) {
        return new Content.Entry("blocked " + address, clock.millis(), Cbor.encode(new CborMap().with(1, true)));
    }

    /// A text of a device to the phone, sealed.
    byte[] sealed(Profile from, byte[] id, Content content) throws Exception {
        var body = new Body(id, clock.millis(), from.address(), BOB, phone.id(), content);
        return body.seal(from.device(), phone.chain().getFirst(), clock.instant());
    }

    @Override
    public void close() {
        open.forEach(Runnable::run);
        memory.close();
        world.close();
    }
}
