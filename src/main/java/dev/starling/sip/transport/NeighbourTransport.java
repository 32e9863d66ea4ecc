package dev.starling.sip.transport;

import dev.starling.sip.message.SipException;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;

/// Ways from here to servers of ordinary SIP domains: by UDP from the port where we listen, by TCP and TLS over
/// connections of ours, one for each address and domain, kept while they are used. Who is at the other end of TLS is
/// decided by the certificate authorities that the operator believes, and by the domain that was asked for (RFC 5922).
public final class NeighbourTransport implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.sip");
    private static final int MAX_CONNECTIONS = 1_000, PER_NETWORK = 50;
    private static final Duration CONNECT = Duration.ofSeconds(3), HANDSHAKE = Duration.ofSeconds(5);

    /// @param transport `UDP`, `TCP` or `TLS`
    /// @param domain that the certificate must be for; of no account for the others
    public record Target(String transport, InetSocketAddress address, String domain) {}

    private final PhoneTransport ours;
    private final SSLContext tls;
    private final TargetPolicy policy;
    private final Tap tap;
    private final Flow.Receiver receiver;
    private final Places places = new Places(MAX_CONNECTIONS, PER_NETWORK);
    private final Map<Target, CompletableFuture<StreamFlow>> flows = new ConcurrentHashMap<>();
    private final ScheduledExecutorService sweeper = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("neighbour-sweep").factory());
    private volatile boolean closed;

    /// @param ours where we listen, whose Via and Contact answers and requests come back to
    /// @param tls believes whom the operator believes, and looks at no name: that is done here
    public NeighbourTransport(
            PhoneTransport ours, SSLContext tls, TargetPolicy policy, Tap tap, Flow.Receiver receiver) {
        this.ours = ours;
        this.tls = tls;
        this.policy = policy;
        this.tap = tap;
        this.receiver = receiver;
        var _ = sweeper.scheduleWithFixedDelay(this::sweep, 1, 1, TimeUnit.SECONDS);
    }

    /// Whether anything may be sent there.
    public boolean allows(InetAddress address) {
        return policy.allows(address);
    }

    /// Takes some seconds at most. The address that is judged is the one that is connected to: no name is looked up
    /// here.
    public Flow to(Target target) throws SipException {
        if (!policy.allows(target.address.getAddress())) throw new SipException(403, "Address not allowed");
        if (target.transport.equals("UDP"))
            return ours.flowTo(target.address, wildcard(target.address.getAddress()))
                    .orElseThrow(() -> new SipException(480, "No way to addresses of that kind from here"));
        var mine = new CompletableFuture<StreamFlow>();
        var there = flows.putIfAbsent(target, mine);
        if (there != null) {
            Flow flow = await(there);
            if (flow.isOpen()) return flow;
            flows.remove(target, there);
            return to(target);
        }
        try {
            StreamFlow flow = connect(target);
            mine.complete(flow);
            flow.start();
            return flow;
        } catch (SipException e) {
            flows.remove(target, mine);
            mine.completeExceptionally(e);
            throw e;
        }
    }

    private static InetAddress wildcard(InetAddress like) {
        try {
            return InetAddress.getByAddress(
                    new byte[like instanceof Inet6Address ? 16 : like instanceof Inet4Address ? 4 : 0]);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Flow await(CompletableFuture<StreamFlow> there) throws SipException {
        try {
            return there.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof SipException why) throw new SipException(why.status(), why.reason());
            throw e;
        }
    }

    private StreamFlow connect(Target target) throws SipException {
        Optional<Runnable> place = closed ? Optional.empty() : places.take(target.address.getAddress());
        if (place.isEmpty()) throw new SipException(503, "Too many connections to other servers");
        var tcp = new Socket();
        try {
            tcp.connect(target.address, Math.toIntExact(CONNECT.toMillis()));
            tcp.setTcpNoDelay(true);
            tcp.setKeepAlive(true);
            Socket over = target.transport.equals("TLS") ? greeted(tcp, target) : tcp;
            var flow = new StreamFlow(
                    tcp,
                    over,
                    target.transport,
                    PhoneTransport.Limits.USUAL,
                    System.nanoTime(),
                    () -> {},
                    tap,
                    new Leaving(target, place.get()));
            flow.admit();
            return flow;
        } catch (IOException | SipException e) {
            place.get().run();
            closeQuietly(tcp);
            if (e instanceof SipException why) throw why;
            LOG.log(System.Logger.Level.DEBUG, () -> "a server of " + target.domain + ": " + e.getMessage());
            throw e instanceof SSLHandshakeException
                    ? new SipException(480, "The certificate of their server is not believed")
                    : new SipException(480, "Their server does not answer");
        }
    }

    private SSLSocket greeted(Socket tcp, Target target) throws IOException, SipException {
        var socket = (SSLSocket) tls.getSocketFactory()
                .createSocket(tcp, target.address.getAddress().getHostAddress(), target.address.getPort(), true);
        socket.setUseClientMode(true);
        var parameters = socket.getSSLParameters();
        try {
            parameters.setServerNames(java.util.List.of(new SNIHostName(target.domain)));
        } catch (IllegalArgumentException e) {
            LOG.log(System.Logger.Level.TRACE, "an address has no SNI", e);
        }
        socket.setSSLParameters(parameters);
        var deadline = sweeper.schedule(() -> closeQuietly(tcp), HANDSHAKE.toMillis(), TimeUnit.MILLISECONDS);
        try {
            socket.startHandshake();
        } finally {
            deadline.cancel(false);
        }
        Certificate[] chain = socket.getSession().getPeerCertificates();
        if (chain[0] instanceof X509Certificate leaf && DomainCertificate.isFor(leaf, target.domain)) return socket;
        throw new SipException(480, "The certificate of their server is not for " + target.domain);
    }

    private void sweep() {
        try {
            long now = System.nanoTime();
            for (var each : flows.values()) {
                if (!each.isDone() || each.isCompletedExceptionally()) continue;
                StreamFlow flow = each.join();
                flow.overdue(now).ifPresent(flow::close);
            }
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in ending connections", e);
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "closing: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        closed = true;
        sweeper.shutdownNow();
        for (var each : flows.values())
            if (each.isDone() && !each.isCompletedExceptionally()) each.join().close("this peer stops");
    }

    /// Takes an ended flow out of the table, and gives its place back, before anybody hears of its end.
    private final class Leaving implements Flow.Receiver {
        private final Target target;
        private final Runnable place;

        Leaving(Target target, Runnable place) {
            this.target = target;
            this.place = place;
        }

        @Override
        public void received(Flow flow, byte[] message) {
            receiver.received(flow, message);
        }

        @Override
        public void closed(Flow flow) {
            flows.computeIfPresent(target, (_, there) -> there.isDone() && there.getNow(null) == flow ? null : there);
            place.run();
            receiver.closed(flow);
        }
    }
}
