package dev.starling.phone;

import dev.starling.LogLines;
import dev.starling.proxy.SimulatedTime;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.FlowSource;
import dev.starling.sip.transport.Offences;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// The edge for phones in simulated time, with phones whose network is a list. Accounts `bob` and `carol` have the
/// password `secret`.
final class PhoneWorld implements PhoneAccounts, FlowSource, PhoneUser, AutoCloseable {
    static final String REALM = "example.net";
    private static final InetAddress OURS = InetAddress.ofLiteral("198.51.100.1");

    /// A request that reached the user.
    record Asked(String account, Flow flow, SipMessage request, RequestReceived server) {}

    final SimulatedTime time = new SimulatedTime();
    final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
    final BlockingQueue<SipMessage> acknowledged = new LinkedBlockingQueue<>();
    final BlockingQueue<String> registered = new LinkedBlockingQueue<>();
    final BlockingQueue<List<RequestReceived>> ended = new LinkedBlockingQueue<>();
    final Set<DialogId> dialogs = new HashSet<>();
    final LogLines log = LogLines.of("starling.phone.test");
    final Offences offences = new Offences(System.getLogger("starling.phone.test"), time);
    final Map<String, Ha1> accounts =
            Map.of("bob", Ha1.of("bob", REALM, "secret"), "carol", Ha1.of("carol", REALM, "secret"));
    final Map<String, PhoneFlow> flows = new java.util.HashMap<>();
    final PhoneRegistrar registrar;
    final PhoneEdge edge;

    PhoneWorld(Path file) {
        this(file, 50_000);
    }

    PhoneWorld(Path file, int nonces) {
        try {
            registrar = new PhoneRegistrar(file, this, this, time, time);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        edge = new PhoneEdge(
                this, this, new Digest(REALM, this, new byte[32], nonces, time), registrar, this, time, offences, time);
    }

    @Override
    public Optional<Ha1> ha1(String user) {
        return Optional.ofNullable(accounts.get(user));
    }

    @Override
    public boolean owns(String user, SipUri address) {
        return address.user().equals(user) && address.host().equals("example.net");
    }

    @Override
    public Optional<Flow> flowTo(InetSocketAddress remote, InetAddress local) {
        return Optional.of(flow("UDP", remote.getAddress().getHostAddress(), remote.getPort()));
    }

    @Override
    public String sentBy(Flow flow) {
        return "198.51.100.1:5060";
    }

    @Override
    public InetAddress local(Flow flow) {
        return OURS;
    }

    PhoneFlow flow(String transport, String host, int port) {
        return flows.computeIfAbsent(
                transport + host + ":" + port,
                id -> new PhoneFlow(
                        id, transport, new InetSocketAddress(InetAddress.ofLiteral(host), port), this::closed));
    }

    private void closed(Flow flow) {
        edge.closed(flow);
    }

    TestPhone phone(String user, String transport, String host, int port) {
        return new TestPhone(this, new DigestAnswer(user, "secret", "SHA-256"), flow(transport, host, port));
    }

    @Override
    public void request(String account, Flow flow, SipMessage request, RequestReceived server) {
        asked.add(new Asked(account, flow, request, server));
    }

    @Override
    public void acknowledged(Flow flow, SipMessage ack) {
        acknowledged.add(ack);
    }

    @Override
    public boolean knows(String account, DialogId dialog) {
        return dialogs.contains(dialog);
    }

    @Override
    public void registered(String account) {
        registered.add(account);
    }

    @Override
    public void closed(Flow flow, List<RequestReceived> unanswered) {
        ended.add(unanswered);
    }

    static <T> T next(BlockingQueue<T> queue) {
        try {
            return Optional.ofNullable(queue.poll(10, TimeUnit.SECONDS)).orElseThrow();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        registrar.close();
        log.close();
    }

    /// What the peer sends is kept.
    static final class PhoneFlow implements Flow {
        private final String id, transport;
        private final InetSocketAddress remote;
        private final java.util.function.Consumer<Flow> onClose;
        final BlockingQueue<byte[]> sent = new LinkedBlockingQueue<>();
        boolean open = true, admitted;

        PhoneFlow(String id, String transport, InetSocketAddress remote, java.util.function.Consumer<Flow> onClose) {
            this.id = id;
            this.transport = transport;
            this.remote = remote;
            this.onClose = onClose;
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public String transport() {
            return transport;
        }

        @Override
        public Optional<String> peer() {
            return Optional.empty();
        }

        @Override
        public Optional<InetSocketAddress> remote() {
            return Optional.of(remote);
        }

        @Override
        public void admit() {
            admitted = true;
        }

        @Override
        public void send(byte[] message) {
            sent.add(message);
        }

        @Override
        public void close(String reason) {
            if (transport.equals("UDP") || !open) return;
            open = false;
            onClose.accept(this);
        }

        @Override
        public boolean isOpen() {
            return open;
        }
    }

    static SipMessage built(Edit edit) {
        try {
            return edit.build();
        } catch (SipException e) {
            throw new AssertionError(e);
        }
    }

    static List<SipMessage> heard(PhoneFlow flow) {
        var all = new ArrayList<SipMessage>();
        try {
            for (byte[] each = flow.sent.poll(); each != null; each = flow.sent.poll()) all.add(SipMessage.parse(each));
        } catch (SipException e) {
            throw new AssertionError("what was sent cannot be read", e);
        }
        return all;
    }
}
