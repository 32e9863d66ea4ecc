package dev.starling.sip.transaction;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.Tokens;
import dev.starling.sip.transport.Flow;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/// Runs the transactions: matches messages to them (RFC 3261, sections 17.1.3 and 17.2.3), arms their timers, bounds
/// them for each flow and in all.
///
/// A transaction belongs to its flow: what arrives over another flow does not match it, whatever its branch says, and
/// it ends when the flow ends.
public final class TransactionLayer {
    private static final Shares.Limit CLIENT = new Shares.Limit(1_024, 8 << 20),
            PEER = new Shares.Limit(16_384, 64 << 20),
            ALL = new Shares.Limit(100_000, 512 << 20);

    /// Runs a task later; how is the caller's: a scheduler, or a test's simulated time.
    public interface Timers {
        /// What is returned takes the task back, if it has not run yet.
        Runnable after(Duration delay, Runnable task);

        /// The same for a task that waits for nothing: it needs no thread of its own.
        default Runnable brief(Duration delay, Runnable task) {
            return after(delay, task);
        }
    }

    /// What names a transaction. Branches and methods come from the network, so the hash is keyed; it is made once.
    static final class Key {
        private final String whole, method;
        private final int branch, hash;

        private Key(String branch, String sentBy, String method, Flow flow) {
            this.method = method.equals("INVITE") ? "INVITE" : method;
            this.branch = branch.length();
            // None of these holds a line break.
            whole = branch + "\n" + sentBy + "\n" + method + "\n" + flow.id();
            hash = SipHash.ours(whole.getBytes(StandardCharsets.ISO_8859_1));
        }

        static Key ofClient(SipMessage message, String method, Flow flow) {
            return new Key(message.branch(), "", method, flow);
        }

        /// RFC 3261, section 17.2.3: branch, sent-by and method, where ACK and CANCEL ask for the INVITE's.
        static Key ofServer(SipMessage request, String method, Flow flow) {
            return new Key(request.branch(), Tokens.head(request.topVia(), ';'), method, flow);
        }

        String branch() {
            return whole.substring(0, branch);
        }

        String method() {
            return method;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && key.hash == hash && key.whole.equals(whole);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private static final SecureRandom RANDOM = new SecureRandom();
    private final Timers timers;
    private final Map<Key, RequestSent> clients = new ConcurrentHashMap<>();
    private final Map<Key, RequestReceived> servers = new ConcurrentHashMap<>();

    /// Of the requests in `clients`; all are ours, so nobody can make them collide.
    private final Set<String> branches = ConcurrentHashMap.newKeySet();
    private final Shares<RequestSent> sent = new Shares<>(CLIENT, PEER, ALL);
    private final Shares<RequestReceived> received = new Shares<>(CLIENT, PEER, ALL);

    public TransactionLayer(Timers timers) {
        this.timers = timers;
    }

    public int size() {
        return sent.size() + received.size();
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

    /// Sends a request whose top Via has a branch of ours; answers go to `user`, 408 and 480 of our own included.
    public RequestSent send(SipMessage request, Flow flow, Consumer<SipMessage> user) throws SipException {
        var client = new RequestSent(request, flow, user, timers, this::ended);
        request.rest();
        sent.take(flow, client, request.length());
        clients.put(client.key(), client);
        if (!client.key().method().equals("CANCEL")) branches.add(client.key().branch());
        client.start();
        // The flow may have ended meanwhile: then nobody else would say so for 32 seconds.
        if (!flow.isOpen()) client.gone();
        return client;
    }

    private void ended(RequestSent client) {
        clients.remove(client.key(), client);
        // A CANCEL has the branch of its INVITE, which may wait on.
        if (!client.key().method().equals("CANCEL"))
            branches.remove(client.key().branch());
        sent.give(client.flow(), client, client.length());
    }

    /// Whether the response belongs to a transaction of this flow.
    public boolean isAwaited(SipMessage response, Flow flow) {
        return clients.containsKey(Key.ofClient(response, response.cseqMethod(), flow));
    }

    /// Whether a request that came over this flow still has its transaction.
    public boolean isUsed(Flow flow) {
        return received.has(flow);
    }

    /// False when the response belongs to no transaction of this flow; then it is dropped (RFC 6026, section 7.3).
    public boolean answered(SipMessage response, Flow flow) {
        var client = clients.get(Key.ofClient(response, response.cseqMethod(), flow));
        if (client == null) return false;
        client.received(response);
        return true;
    }

    /// Whether the request is one that is here already, or the ACK of its refusal; then its transaction has taken it.
    public boolean again(SipMessage request, Flow flow) {
        boolean ack = request.method().equals("ACK");
        var old = servers.get(Key.ofServer(request, ack ? "INVITE" : request.method(), flow));
        if (old == null) return false;
        old.again(ack);
        return true;
    }

    /// A new server transaction; empty for a retransmission or an ACK, which the transaction takes itself.
    public Optional<RequestReceived> received(SipMessage request, Flow flow) throws SipException {
        boolean ack = request.method().equals("ACK");
        Key key = Key.ofServer(request, ack ? "INVITE" : request.method(), flow);
        var old = servers.get(key);
        if (old != null) {
            old.again(ack);
            return Optional.empty();
        }
        var server = new RequestReceived(request, flow, key, timers, this::ended);
        if (ack) return Optional.of(server);
        received.take(flow, server, request.length());
        servers.put(key, server);
        if (!flow.isOpen()) server.gone();
        return Optional.of(server);
    }

    private void ended(RequestReceived server) {
        servers.remove(server.key(), server);
        received.give(server.flow(), server, server.request().length());
    }

    /// The INVITE that a CANCEL means (RFC 3261, section 9.2).
    public Optional<RequestReceived> cancelled(SipMessage cancel, Flow flow) {
        return Optional.ofNullable(servers.get(Key.ofServer(cancel, "INVITE", flow)));
    }

    /// Whether a Via of the request shows that it has been here before and still waits: a loop (RFC 3261, section
    /// 16.3, item 4). Our branches cannot be guessed, so nobody can make a request look like one.
    public boolean isLoop(SipMessage request) {
        for (String via : request.elements("via"))
            if (branches.contains(Tokens.parameter(via, "branch").orElse(""))) return true;
        return false;
    }

    /// Ends what belongs to a flow that has ended. Requests that wait for an answer over it fail at once, so that
    /// their senders can try another way. Returned: requests received over it that nobody can be answered any more.
    public List<RequestReceived> closed(Flow flow) {
        for (var client : sent.of(flow)) client.gone();
        var abandoned = new ArrayList<RequestReceived>();
        for (var server : received.of(flow)) if (server.gone()) abandoned.add(server);
        return abandoned;
    }
}
