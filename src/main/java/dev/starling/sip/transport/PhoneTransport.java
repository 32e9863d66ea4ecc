package dev.starling.sip.transport;

import dev.starling.sip.transport.Datagrams.Path;
import java.io.IOException;
import java.net.BindException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

/// UDP, TCP and TLS for ordinary SIP phones (RFC 3261, section 18). Binds when made, reads from [#start] on. What comes
/// by UDP is handed on by the one thread that reads the socket: the receiver must not wait for anything.
public final class PhoneTransport implements FlowSource, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.sip");
    private static final int TRIES = 20, MAX_NAMES = 64;
    private static final byte[] PONG = {'\r', '\n'};

    /// Where phones reach us.
    ///
    /// @param hosts addresses of ours; `0.0.0.0` is each of IPv4, `::` each of both families
    /// @param port of UDP and TCP; 0 takes a free one
    /// @param tlsPort of TLS; empty: none
    /// @param name the host that Via and Contact name; empty: the address that the phone reached
    public record Listening(List<InetAddress> hosts, int port, OptionalInt tlsPort, Optional<String> name) {
        public Listening {
            hosts = List.copyOf(hosts);
            if (hosts.isEmpty()) throw new IllegalArgumentException("no address to listen on");
        }
    }

    /// Bounds of TCP and TLS connections; UDP has none, since nothing is kept of who sends by it.
    ///
    /// @param strangers who have not proven yet who they are
    /// @param stranger from the connection to that proof, a TLS handshake included
    /// @param message from the first byte of a message to its last
    /// @param write for one message to be taken by the other side's network
    /// @param silence of one who has proven who it is: longer than any registration
    public record Limits(
            int connections,
            int connectionsPerNetwork,
            int strangers,
            int strangersPerNetwork,
            Duration stranger,
            Duration message,
            Duration write,
            Duration silence) {
        public static final Limits USUAL = new Limits(
                20_000,
                1_000,
                2_000,
                100,
                Duration.ofSeconds(30),
                Duration.ofSeconds(20),
                Duration.ofSeconds(20),
                Duration.ofMinutes(90));
    }

    private final Listening listening;
    private final Offences offences;
    private final BiFunction<byte[], InetSocketAddress, Optional<byte[]>> stun;
    private final Tap tap;

    /// As Via and Contact write them.
    private final Map<InetAddress, String> names = new ConcurrentHashMap<>();

    private final List<Datagrams> datagrams = new ArrayList<>();
    private final List<StreamListener> listeners = new ArrayList<>();
    private final ScheduledExecutorService sweeper = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("phone-sweep").factory());
    private final int port;
    private OptionalInt tlsPort = OptionalInt.empty();
    private volatile boolean closed;

    /// Watched by nobody.
    public PhoneTransport(
            Listening listening,
            Limits limits,
            Optional<Supplier<SSLContext>> tls,
            BiFunction<byte[], InetSocketAddress, Optional<byte[]>> stun,
            InstantSource clock)
            throws IOException {
        this(listening, limits, tls, stun, new Tap(), clock);
    }

    /// @param tls our certificate for phones, asked at each connection; wanted with a TLS port only
    /// @param stun answers a STUN request that came to the SIP port (RFC 5626, section 8), or says nothing
    public PhoneTransport(
            Listening listening,
            Limits limits,
            Optional<Supplier<SSLContext>> tls,
            BiFunction<byte[], InetSocketAddress, Optional<byte[]>> stun,
            Tap tap,
            InstantSource clock)
            throws IOException {
        if (listening.tlsPort.isPresent() && tls.isEmpty()) throw new IllegalArgumentException("no certificate");
        this.listening = listening;
        this.stun = stun;
        this.tap = tap;
        offences = new Offences(System.getLogger("starling.phone"), clock);
        var all = new Places(limits.connections, limits.connectionsPerNetwork);
        var strangers = new Places(limits.strangers, limits.strangersPerNetwork);
        try {
            port = bind(listening, all, strangers, limits);
            for (InetAddress host : listening.hosts) {
                if (listening.tlsPort.isEmpty()) break;
                int wanted = tlsPort.orElse(listening.tlsPort.getAsInt());
                var address = new InetSocketAddress(host, wanted);
                var secure = new StreamListener(address, tls, all, strangers, limits, tap, offences);
                listeners.add(secure);
                tlsPort = OptionalInt.of(secure.port());
            }
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /// UDP and TCP at the same port; where any will do, until one is free for both.
    private int bind(Listening wanted, Places all, Places strangers, Limits limits) throws IOException {
        for (int tries = 1; ; tries++) {
            try {
                int chosen = wanted.port;
                for (InetAddress host : families(wanted.hosts)) {
                    datagrams.add(Datagrams.open(new InetSocketAddress(host, chosen)));
                    chosen = datagrams.getFirst().address().getPort();
                }
                for (InetAddress host : wanted.hosts)
                    listeners.add(new StreamListener(
                            new InetSocketAddress(host, chosen),
                            Optional.empty(),
                            all,
                            strangers,
                            limits,
                            tap,
                            offences));
                return chosen;
            } catch (IOException e) {
                boolean taken = wanted.port == 0 && e.getCause() instanceof BindException && tries < TRIES;
                if (!taken) throw e;
                datagrams.forEach(Datagrams::close);
                listeners.forEach(StreamListener::close);
                datagrams.clear();
                listeners.clear();
            }
        }
    }

    // A UDP socket is of one family; a TCP socket on `::` takes both.
    private static List<InetAddress> families(List<InetAddress> hosts) throws IOException {
        var each = new ArrayList<InetAddress>();
        for (InetAddress host : hosts) {
            if (host instanceof Inet6Address && host.isAnyLocalAddress())
                each.add(InetAddress.getByAddress(new byte[4]));
            each.add(host);
        }
        return each;
    }

    /// Reads from now on. Once.
    public void start(Flow.Receiver receiver) {
        for (Datagrams each : datagrams) each.start(new FromUdp(each, receiver));
        for (StreamListener each : listeners) each.start(receiver);
        var _ = sweeper.scheduleWithFixedDelay(this::sweep, 1, 1, TimeUnit.SECONDS);
    }

    private void sweep() {
        try {
            long now = System.nanoTime();
            for (StreamListener each : listeners) each.sweep(now);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in ending connections", e);
        }
    }

    private final class FromUdp implements Datagrams.Receiver {
        private final Datagrams from;
        private final UdpFlows flows;
        private final Flow.Receiver receiver;

        FromUdp(Datagrams from, Flow.Receiver receiver) {
            this.from = from;
            flows = new UdpFlows(from, tap, () -> !closed);
            this.receiver = receiver;
        }

        @Override
        public void received(byte[] datagram, Path path) {
            if (isKeepAlive(datagram)) {
                // A ping is answered, by less than it is: RFC 5626, section 4.4.1, says so for streams, phones do it.
                if (datagram.length == 4) from.send(PONG, path);
                return;
            }
            if (isStun(datagram)) {
                Optional<byte[]> answer = stun.apply(datagram, path.remote());
                answer.filter(a -> a.length <= 2 * datagram.length).ifPresent(a -> from.send(a, path));
                return;
            }
            byte[] message = ContentLength.cut(datagram);
            var flow = flows.of(path);
            if (tap.isWatched()) tap.in(flow.ends(), message);
            receiver.received(flow, TopVia.isResponse(message) ? message : TopVia.stamped(message, path.remote()));
        }

        @Override
        public void truncated(Path path) {
            offences.by(path.remote().getAddress(), "Datagram too long", "");
        }

        @Override
        public void handing(boolean several) {
            receiver.handing(several);
        }
    }

    /// Line ends, or the one zero byte of some phones.
    private static boolean isKeepAlive(byte[] datagram) {
        if (datagram.length > 4) return false;
        for (byte b : datagram) if (b != '\r' && b != '\n' && b != 0) return false;
        return true;
    }

    /// RFC 8489, section 5: two zero bits, and the magic cookie.
    private static boolean isStun(byte[] d) {
        return d.length >= 20
                && (d[0] & 0xC0) == 0
                && d[4] == 0x21
                && d[5] == 0x12
                && (d[6] & 255) == 0xA4
                && d[7] == 0x42;
    }

    /// Of UDP and TCP.
    public int port() {
        return port;
    }

    public OptionalInt tlsPort() {
        return tlsPort;
    }

    /// TCP and TLS connections open now.
    public int connections() {
        return listeners.stream().mapToInt(StreamListener::size).sum();
    }

    @Override
    public Optional<Flow> flowTo(InetSocketAddress remote, InetAddress local) {
        Optional<Datagrams> best = Optional.empty();
        for (Datagrams each : datagrams) {
            InetAddress bound = each.address().getAddress();
            if (bound instanceof Inet6Address != remote.getAddress() instanceof Inet6Address) continue;
            if (best.isEmpty() || bound.equals(local)) best = Optional.of(each);
        }
        return best.map(each -> new UdpFlow(each, new Path(local, remote), tap, () -> !closed));
    }

    @Override
    public InetAddress local(Flow flow) {
        if (flow instanceof StreamFlow stream) return stream.local();
        return flow instanceof UdpFlow udp
                ? udp.path().local()
                : datagrams.getFirst().address().getAddress();
    }

    @Override
    public String sentBy(Flow flow) {
        int ours = flow.transport().equals("TLS") ? tlsPort.orElse(port) : port;
        String name = listening.name.orElse("");
        if (name.isEmpty()) {
            InetAddress reached = reached(flow);
            name = names.computeIfAbsent(reached, PhoneTransport::bracketed);
            // Addresses of ours: few, unless somebody gives us ever new ones.
            if (names.size() > MAX_NAMES) names.clear();
        }
        return name + ":" + ours;
    }

    private InetAddress reached(Flow flow) {
        InetAddress local = local(flow);
        if (!local.isAnyLocalAddress() || flow.remote().isEmpty()) return local;
        try {
            return Networks.towards(flow.remote().get());
        } catch (IOException e) {
            return local;
        }
    }

    private static String bracketed(InetAddress address) {
        String host = TopVia.host(address);
        return address instanceof Inet6Address ? "[" + host + "]" : host;
    }

    /// What was done against us, in numbers.
    public Offences offences() {
        return offences;
    }

    @Override
    public void close() {
        closed = true;
        sweeper.shutdownNow();
        datagrams.forEach(Datagrams::close);
        listeners.forEach(StreamListener::close);
    }
}
