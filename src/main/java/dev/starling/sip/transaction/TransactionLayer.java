package dev.starling.sip.transaction;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Flow;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// Runs the transactions: matches messages to them (RFC 3261, sections 17.1.3 and 17.2.3), arms their timers, bounds
/// their number.
public final class TransactionLayer {
    public static final int MAX_TRANSACTIONS = 100_000;

    /// Runs a task later; how is the caller's: a scheduler, or a test's simulated time.
    public interface Timers {
        void after(Duration delay, Runnable task);
    }

    /// Branches and methods come from the network, so their hash is keyed.
    private record Key(String branch, String sentBy, String method) {
        @Override
        public int hashCode() {
            return SipHash.ours((branch + " " + sentBy + " " + method).getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    private static final SecureRandom RANDOM = new SecureRandom();
    private final Timers timers;
    private final Map<Key, Client> clients = new ConcurrentHashMap<>();
    private final Map<Key, Server> servers = new ConcurrentHashMap<>();

    public TransactionLayer(Timers timers) {
        this.timers = timers;
    }

    public int size() {
        return clients.size() + servers.size();
    }

    /// A branch nobody can guess (RFC 3261, section 8.1.1.7).
    public static String branch() {
        return "z9hG4bK" + random(12);
    }

    public static String tag() {
        return random(10);
    }

    private static String random(int bytes) {
        byte[] random = new byte[bytes];
        RANDOM.nextBytes(random);
        return HexFormat.of().formatHex(random);
    }

    /// Sends a request whose top Via has a branch of ours; answers go to `user`, 408 of our own included.
    public Client send(SipMessage request, Flow flow, Consumer<SipMessage> user) throws SipException {
        if (clients.size() >= MAX_TRANSACTIONS) throw new SipException(503, "Too many transactions");
        var client = new Client(request, flow, user);
        clients.put(client.key, client);
        client.run(client.machine.start(), Optional.empty());
        // The flow may have ended meanwhile: then nobody else would say so for 32 seconds.
        if (!flow.isOpen()) client.gone();
        return client;
    }

    /// True when the response belonged to a transaction.
    public boolean received(SipMessage response) {
        Client client = clients.get(new Key(response.branch(), "", response.cseqMethod()));
        if (client == null) return false;
        client.on(new Event.Response(response.status()), Optional.of(response));
        return true;
    }

    /// Requests that wait for an answer over a flow that has ended fail at once, so that the sender can try another
    /// way.
    public void closed(Flow flow) {
        for (Client client : clients.values()) if (client.flow.equals(flow)) client.gone();
    }

    /// A new server transaction; empty for a retransmission or an ACK, which the transaction takes itself.
    public Optional<Server> received(SipMessage request, Flow flow) throws SipException {
        Key key = serverKey(request, request.method().equals("ACK") ? "INVITE" : request.method(), flow);
        Server old = servers.get(key);
        if (old != null) {
            old.on(request.method().equals("ACK") ? new Event.Ack() : new Event.Retransmission());
            return Optional.empty();
        }
        if (servers.size() >= MAX_TRANSACTIONS) throw new SipException(503, "Too many transactions");
        var server = new Server(request, flow, key);
        if (!request.method().equals("ACK")) servers.put(key, server);
        return Optional.of(server);
    }

    /// The INVITE that a CANCEL means (RFC 3261, section 9.2).
    public Optional<Server> cancelled(SipMessage cancel, Flow flow) {
        return Optional.ofNullable(servers.get(serverKey(cancel, "INVITE", flow)));
    }

    private static Key serverKey(SipMessage request, String method, Flow flow) {
        String via = request.topVia();
        int semicolon = via.indexOf(';');
        return new Key(request.branch(), (semicolon < 0 ? via : via.substring(0, semicolon)) + " " + flow.id(), method);
    }

    /// A request of ours on its way.
    public final class Client {
        private final SipMessage request;
        private final Flow flow;
        private final Consumer<SipMessage> user;
        private final Key key;
        private final ClientTransaction machine;

        private Client(SipMessage request, Flow flow, Consumer<SipMessage> user) {
            this.request = request;
            this.flow = flow;
            this.user = user;
            key = new Key(request.branch(), "", request.method());
            machine = new ClientTransaction(request.method().equals("INVITE"), true);
        }

        private void on(Event event, Optional<SipMessage> response) {
            List<Action> actions;
            synchronized (this) {
                actions = machine.on(event);
            }
            run(actions, response);
        }

        private void run(List<Action> actions, Optional<SipMessage> response) {
            for (Action action : actions) {
                switch (action) {
                    case Action.Send _ -> flow.send(request.bytes());
                    case Action.SendAck _ -> response.ifPresent(r -> flow.send(ack(r)));
                    case Action.Deliver _ -> response.ifPresent(user);
                    case Action.Arm(Timer timer, Duration after) ->
                        timers.after(after, () -> on(new Event.Fired(timer), Optional.empty()));
                    case Action.TimedOut _ -> fail(408, "Request Timeout");
                    case Action.End _ -> clients.remove(key, this);
                }
            }
        }

        private void gone() {
            boolean waiting;
            synchronized (this) {
                waiting = machine.isWaiting();
                if (waiting) machine.on(new Event.Response(480));
            }
            clients.remove(key, this);
            if (waiting) fail(480, "The connection ended");
        }

        /// The answer that is given when none can come any more.
        public void fail(int status, String reason) {
            try {
                user.accept(Edit.response(request, status, reason, tag()).build());
            } catch (SipException e) {
                throw new IllegalStateException(e);
            }
        }

        private byte[] ack(SipMessage response) {
            var ack = Edit.request("ACK", request.uri()).add("Via", request.topVia());
            for (String route : request.all("route")) ack.add("Route", route);
            return ack.add("Max-Forwards", "70")
                    .add("From", request.required("from"))
                    .add("To", response.required("to"))
                    .add("Call-ID", request.callId())
                    .add("CSeq", request.cseq() + " ACK")
                    .toBytes();
        }

        /// RFC 3261, section 9.1: the CANCEL of this request, with its branch.
        public SipMessage cancel(List<String> reasons) throws SipException {
            var cancel = Edit.request("CANCEL", request.uri()).add("Via", request.topVia());
            for (String route : request.all("route")) cancel.add("Route", route);
            for (String reason : reasons) cancel.add("Reason", reason);
            return cancel.add("Max-Forwards", "70")
                    .add("From", request.required("from"))
                    .add("To", request.required("to"))
                    .add("Call-ID", request.callId())
                    .add("CSeq", request.cseq() + " CANCEL")
                    .build();
        }

        public Flow flow() {
            return flow;
        }

        /// No final answer yet.
        public synchronized boolean isWaiting() {
            return machine.isWaiting();
        }
    }

    /// A request of somebody else, to be answered here.
    public final class Server {
        private final SipMessage request;
        private final Flow flow;
        private final Key key;
        private final ServerTransaction machine;
        private volatile Optional<byte[]> last = Optional.empty();
        private volatile Optional<Client> forwarded = Optional.empty();

        private Server(SipMessage request, Flow flow, Key key) {
            this.request = request;
            this.flow = flow;
            this.key = key;
            machine = new ServerTransaction(request.method().equals("INVITE"), true);
        }

        public SipMessage request() {
            return request;
        }

        public Flow flow() {
            return flow;
        }

        /// Where a proxy sent the request on to.
        public Optional<Client> forwarded() {
            return forwarded;
        }

        public void forwarded(Client client) {
            forwarded = Optional.of(client);
        }

        public void respond(SipMessage response) {
            List<Action> actions;
            synchronized (this) {
                actions = machine.on(new Event.Respond(response.status()));
                if (!actions.isEmpty()) last = Optional.of(response.bytes());
            }
            run(actions);
        }

        private void on(Event event) {
            List<Action> actions;
            synchronized (this) {
                actions = machine.on(event);
            }
            run(actions);
        }

        private void run(List<Action> actions) {
            for (Action action : actions) {
                switch (action) {
                    case Action.Send _ -> last.ifPresent(flow::send);
                    case Action.Arm(Timer timer, Duration after) ->
                        timers.after(after, () -> on(new Event.Fired(timer)));
                    case Action.End _ -> servers.remove(key, this);
                    case Action.SendAck _, Action.Deliver _, Action.TimedOut _ ->
                        throw new IllegalStateException("client action");
                }
            }
        }
    }
}
