package dev.starling.sip.transport;

import dev.starling.sip.message.SipException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;

/// TLS 1.3 between peers: who is at the other end is decided by its key alone, which the records name (`pin`), never
/// by a certificate authority.
public final class PeerTransport implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.sip");
    private static final int FAILED_MILLIS = 100;
    private static final String[] TLS13 = {"TLSv1.3"};
    private static final Predicate<String> PIN = Pattern.compile("[0-9a-f]{64}").asMatchPredicate();

    /// What others may take of us. `handshake` is for the whole handshake, however slowly its bytes drip.
    public record Limits(
            int accepted,
            int acceptedPerNetwork,
            int connected,
            int handshakes,
            int handshakesPerNetwork,
            Duration connect,
            Duration handshake) {
        public static final Limits USUAL =
                new Limits(4_000, 200, 4_000, 256, 32, Duration.ofSeconds(3), Duration.ofSeconds(5));
    }

    private record Target(String host, int port, String pin) {}

    private final SSLContext tls;
    private final String self;
    private final TargetPolicy policy;
    private final Limits limits;
    private final Tap tap;
    private final Flow.Receiver receiver;
    private final ServerSocket listener;
    private final PeerFlows flows;
    private final Map<Target, CompletableFuture<Flow>> connecting = new ConcurrentHashMap<>();
    private final Places accepted, greeting;
    private final ScheduledExecutorService deadlines = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("sip-deadline").factory());
    private volatile boolean closed;

    /// Listens at once. `tls` presents our key, whose pin is `self`, and accepts any self-signed key of the other
    /// side; the key is checked here.
    public PeerTransport(
            SSLContext tls,
            String self,
            String host,
            int port,
            TargetPolicy policy,
            Limits limits,
            Tap tap,
            Flow.Receiver receiver)
            throws IOException {
        this.tls = tls;
        this.self = self;
        this.policy = policy;
        this.limits = limits;
        this.tap = tap;
        this.receiver = receiver;
        flows = new PeerFlows(self);
        accepted = new Places(limits.accepted, limits.acceptedPerNetwork);
        greeting = new Places(limits.handshakes, limits.handshakesPerNetwork);
        listener = new ServerSocket();
        listener.setReuseAddress(true);
        listener.bind(new InetSocketAddress(host, port), 200);
        Thread.ofVirtual().name("sip-accept").start(this::accept);
    }

    public int port() {
        return listener.getLocalPort();
    }

    private void accept() {
        while (!closed) {
            try {
                Socket tcp = listener.accept();
                Optional<Runnable> place = accepted.take(tcp.getInetAddress());
                Optional<Runnable> greets = place.isEmpty() ? place : greeting.take(tcp.getInetAddress());
                if (greets.isPresent()) Thread.ofVirtual().start(() -> greet(tcp, place.get(), greets.get()));
                else {
                    place.ifPresent(Runnable::run);
                    closeQuietly(tcp);
                }
            } catch (IOException e) {
                // Closed, or no file is left: then the others need time.
                if (!closed) pause(e);
            }
        }
    }

    private static void pause(IOException why) {
        LOG.log(System.Logger.Level.WARNING, "accepting a peer: {0}", why.getMessage());
        try {
            Thread.sleep(FAILED_MILLIS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void greet(Socket tcp, Runnable place, Runnable greets) {
        try {
            SSLSocket socket = over(tcp);
            socket.setUseClientMode(false);
            socket.setNeedClientAuth(true);
            String peer = shakeHands(tcp, socket);
            if (peer.equals(self)) throw new IOException("our own key");
            begin(new TlsFlow(tcp, socket, peer, false, tap, new Forgetful(peer, place)), peer);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "a peer's handshake failed: " + e.getMessage());
            place.run();
            closeQuietly(tcp);
        } finally {
            greets.run();
        }
    }

    private SSLSocket over(Socket tcp) throws IOException {
        String address = tcp.getInetAddress().getHostAddress();
        return (SSLSocket) tls.getSocketFactory().createSocket(tcp, address, tcp.getPort(), true);
    }

    /// The pin of the other side. Takes as long as the limit says, not longer.
    private String shakeHands(Socket tcp, SSLSocket socket) throws IOException {
        tcp.setTcpNoDelay(true);
        var deadline = deadlines.schedule(() -> closeQuietly(tcp), limits.handshake.toMillis(), TimeUnit.MILLISECONDS);
        try {
            socket.setEnabledProtocols(TLS13);
            socket.startHandshake();
            return pin(socket);
        } finally {
            deadline.cancel(false);
        }
    }

    private void begin(TlsFlow flow, String peer) throws IOException {
        flows.add(peer, flow);
        try {
            flow.start();
        } catch (IOException e) {
            flow.close(String.valueOf(e.getMessage()));
            throw e;
        }
        if (closed) flow.close("this peer stops");
    }

    /// The open flow to the peer with key `pin`, whoever opened it.
    public Optional<Flow> open(String pin) {
        return flows.to(pin);
    }

    /// The flow to the peer with key `pin`: an open one in either direction, or a new connection to host and port,
    /// which may take some seconds. A wrong key or a forbidden address is refused before anything is sent.
    public Flow to(String host, int port, String pin) throws SipException {
        if (!PIN.test(pin)) throw new SipException(403, "Only to servers named with their key");
        if (pin.equals(self)) throw new SipException(482, "Loop Detected");
        Optional<Flow> open = open(pin);
        if (open.isPresent()) return open.get();
        // One attempt for each target. Not for each pin: who names a wrong host must not keep others from the right
        // one.
        var target = new Target(host, port, pin);
        var ours = new CompletableFuture<Flow>();
        var first = connecting.putIfAbsent(target, ours);
        if (first != null) return await(first);
        try {
            Flow flow = connect(target);
            ours.complete(flow);
            return flow;
        } catch (SipException e) {
            ours.completeExceptionally(e);
            throw e;
        } finally {
            connecting.remove(target, ours);
            ours.cancel(false);
        }
    }

    private static Flow await(CompletableFuture<Flow> first) throws SipException {
        try {
            return first.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof SipException why) throw new SipException(why.status(), why.reason());
            throw e;
        }
    }

    private Flow connect(Target target) throws SipException {
        if (closed || flows.size() >= limits.connected)
            throw new SipException(503, "Too many connections to other servers");
        InetAddress address;
        try {
            address = InetAddress.getByName(target.host);
        } catch (IOException e) {
            throw new SipException(480, "The server of the addressee cannot be found");
        }
        if (!policy.allows(address)) throw new SipException(403, "Address not allowed");
        var tcp = new Socket();
        try {
            // The address that was checked is the one connected to, whatever the name says a moment later.
            tcp.connect(new InetSocketAddress(address, target.port), Math.toIntExact(limits.connect.toMillis()));
            SSLSocket socket = over(tcp);
            socket.setUseClientMode(true);
            String key = shakeHands(tcp, socket);
            if (!key.equals(target.pin))
                throw new SipException(480, "The server of the addressee has another key than its record says");
            var flow = new TlsFlow(tcp, socket, key, true, tap, new Forgetful(key, () -> {}));
            begin(flow, key);
            return flow;
        } catch (IOException e) {
            closeQuietly(tcp);
            throw new SipException(480, "The server of the addressee does not answer");
        } catch (SipException e) {
            closeQuietly(tcp);
            throw e;
        }
    }

    private static String pin(SSLSocket socket) throws SSLPeerUnverifiedException {
        try {
            byte[] key =
                    socket.getSession().getPeerCertificates()[0].getPublicKey().getEncoded();
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(key));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "closing: " + e.getMessage());
        }
    }

    /// Connections accepted and handshakes under way.
    int taken() {
        return accepted.taken() + greeting.taken();
    }

    @Override
    public void close() {
        closed = true;
        try {
            listener.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "closing: " + e.getMessage());
        }
        deadlines.shutdownNow();
        for (TlsFlow flow : flows.all()) flow.close("this peer stops");
    }

    /// Takes an ended flow out of the table, and gives its place back, before anybody hears of its end.
    private final class Forgetful implements Flow.Receiver {
        private final String peer;
        private final Runnable place;

        Forgetful(String peer, Runnable place) {
            this.peer = peer;
            this.place = place;
        }

        @Override
        public void received(Flow flow, byte[] message) {
            receiver.received(flow, message);
        }

        @Override
        public void closed(Flow flow) {
            flows.remove(peer, flow);
            place.run();
            receiver.closed(flow);
        }
    }
}
