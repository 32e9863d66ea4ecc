package dev.starling.sip.transport;

import dev.starling.sip.message.SipException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/// TLS 1.3 between peers: who is at the other end is decided by its key alone, which the records name (`pin`), never
/// by a certificate authority.
public final class PeerTransport implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.sip");
    private static final int CONNECT_MILLIS = 3_000, MAX_ACCEPTED = 4_000, MAX_CONNECTED = 4_000;
    private static final String[] TLS13 = {"TLSv1.3"};

    private final SSLContext tls;
    private final TargetPolicy policy;
    private final Flow.Receiver receiver;
    private final SSLServerSocket listener;
    private final Map<String, Flow> byPeer = new ConcurrentHashMap<>();
    private final Map<String, Object> connecting = new ConcurrentHashMap<>();
    private final Semaphore accepted = new Semaphore(MAX_ACCEPTED);
    private volatile boolean closed;

    /// Listens at once. `tls` presents our key and accepts any self-signed key of the other side; the key is checked
    /// here.
    public PeerTransport(SSLContext tls, String host, int port, TargetPolicy policy, Flow.Receiver receiver)
            throws IOException {
        this.tls = tls;
        this.policy = policy;
        this.receiver = new Forgetful(receiver);
        listener = (SSLServerSocket) tls.getServerSocketFactory().createServerSocket();
        listener.setReuseAddress(true);
        listener.bind(new InetSocketAddress(host, port), 200);
        listener.setNeedClientAuth(true);
        listener.setEnabledProtocols(TLS13);
        Thread.ofVirtual().name("sip-accept").start(this::accept);
    }

    public int port() {
        return listener.getLocalPort();
    }

    private void accept() {
        while (!closed) {
            try {
                var socket = (SSLSocket) listener.accept();
                if (!accepted.tryAcquire()) socket.close();
                else Thread.ofVirtual().start(() -> greet(socket));
            } catch (IOException e) {
                if (!closed) LOG.log(System.Logger.Level.WARNING, "accepting a peer: {0}", e.getMessage());
            }
        }
    }

    private void greet(SSLSocket socket) {
        try {
            socket.setSoTimeout(CONNECT_MILLIS);
            socket.startHandshake();
            String peer = pin(socket);
            var flow = new TlsFlow(socket, peer, receiver);
            byPeer.put(peer, flow);
            flow.start();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "a peer's handshake failed: " + e.getMessage());
            accepted.release();
            closeQuietly(socket);
        }
    }

    /// The flow to the peer with key `pin`: an open one in either direction, or a new connection to host and port. A
    /// wrong key or a forbidden address is refused before anything is sent.
    public Flow to(String host, int port, String pin) throws SipException {
        if (!pin.matches("[0-9a-f]{64}")) throw new SipException(403, "Only to servers named with their key");
        Flow open = byPeer.get(pin);
        if (open != null && open.isOpen()) return open;
        synchronized (connecting.computeIfAbsent(pin, _ -> new Object())) {
            open = byPeer.get(pin);
            if (open != null && open.isOpen()) return open;
            try {
                return connect(host, port, pin);
            } finally {
                connecting.remove(pin);
            }
        }
    }

    private Flow connect(String host, int port, String pin) throws SipException {
        if (byPeer.size() >= MAX_CONNECTED) throw new SipException(503, "Too many connections to other servers");
        InetAddress address;
        try {
            address = InetAddress.getByName(host);
        } catch (IOException e) {
            throw new SipException(480, "The server of the addressee cannot be found");
        }
        if (!policy.allows(address)) throw new SipException(403, "Address not allowed");
        SSLSocket socket;
        try {
            socket = (SSLSocket) tls.getSocketFactory().createSocket();
        } catch (IOException e) {
            throw new SipException(500, "No socket");
        }
        try {
            // The address that was checked is the one connected to, whatever the name says a moment later.
            socket.connect(new InetSocketAddress(address, port), CONNECT_MILLIS);
            socket.setSoTimeout(CONNECT_MILLIS);
            socket.setEnabledProtocols(TLS13);
            socket.startHandshake();
            if (!MessageDigest.isEqual(
                    HexFormat.of().parseHex(pin(socket)), HexFormat.of().parseHex(pin))) {
                closeQuietly(socket);
                throw new SipException(480, "The server of the addressee has another key than its record says");
            }
            var flow = new TlsFlow(socket, pin, receiver);
            byPeer.put(pin, flow);
            flow.start();
            return flow;
        } catch (IOException e) {
            closeQuietly(socket);
            throw new SipException(480, "The server of the addressee does not answer");
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

    private static void closeQuietly(SSLSocket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "closing: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            listener.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "closing: " + e.getMessage());
        }
        for (Flow flow : byPeer.values()) flow.close("this peer stops");
    }

    /// Takes an ended flow out of the table before anybody hears of its end.
    private final class Forgetful implements Flow.Receiver {
        private final Flow.Receiver next;

        Forgetful(Flow.Receiver next) {
            this.next = next;
        }

        @Override
        public void received(Flow flow, byte[] message) {
            next.received(flow, message);
        }

        @Override
        public void closed(Flow flow) {
            flow.peer().ifPresent(peer -> byPeer.remove(peer, flow));
            if (accepted.availablePermits() < MAX_ACCEPTED) accepted.release();
            next.closed(flow);
        }
    }
}
