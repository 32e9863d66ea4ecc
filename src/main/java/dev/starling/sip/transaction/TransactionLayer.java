package dev.starling.sip.transaction;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.Tokens;
import dev.starling.sip.transport.Flow;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
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
    public static final class Key {
        private final byte[] whole;
        private final int hash;

        private Key(String branch, String sentBy, String method, String flow) {
            whole = new byte[branch.length() + sentBy.length() + method.length() + flow.length() + 3];
            int at = write(branch, 0);
            at = write(sentBy, at);
            at = write(method, at);
            write(flow, at);
            hash = SipHash.ours(whole);
        }

        // None of the four holds a line break.
        private int write(String text, int at) {
            for (int i = 0; i < text.length(); i++) whole[at + i] = (byte) text.charAt(i);
            int end = at + text.length();
            if (end < whole.length) whole[end] = '\n';
            return end + 1;
        }

        static Key ofClient(SipMessage message, String method, Flow flow) {
            return new Key(message.branch(), "", method, flow.id());
        }

        /// RFC 3261, section 17.2.3: branch, sent-by and method, where ACK and CANCEL ask for the INVITE's.
        static Key ofServer(SipMessage request, String method, Flow flow) {
            return new Key(request.branch(), Tokens.head(request.topVia(), ';'), method, flow.id());
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && key.hash == hash && Arrays.equals(key.whole, whole);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private static final Unguessable RANDOM = new Unguessable(new SecureRandom());
    private final Timers timers;
    private final Map<Key, Awaiting> clients = new ConcurrentHashMap<>();
    private final Map<Key, Answering> servers = new ConcurrentHashMap<>();

    /// Of the requests in `clients`; all are ours, so nobody can make them collide.
    private final Set<String> branches = ConcurrentHashMap.newKeySet();
    private final Shares<Awaiting> sent = new Shares<>(CLIENT, PEER, ALL);
    private final Shares<Answering> received = new Shares<>(CLIENT, PEER, ALL);
    private final Ours ours = new Ours();
    private final Theirs theirs = new Theirs();

    public TransactionLayer(Timers timers) {
        this.timers = timers;
    }

    public int size() {
        return sent.size() + received.size();
    }

    /// A branch nobody can guess (RFC 3261, section 8.1.1.7).
    public static String branch() {
        return "z9hG4bK" + RANDOM.hex(12);
    }

    public static String tag() {
        return RANDOM.hex(10);
    }

    /// Sends a request whose top Via has a branch of ours; answers go to `user`, 408 and 480 of our own included.
    public RequestSent send(SipMessage request, Flow flow, Consumer<SipMessage> user) throws SipException {
        var client = new RequestSent(request, flow, user, timers, ours);
        request.rest();
        sent.take(flow, client, request.length());
        clients.put(client.key(), client);
        if (!client.branch().isEmpty()) branches.add(client.branch());
        client.start();
        // The flow may have ended meanwhile: then nobody else would say so for 32 seconds.
        if (!flow.isOpen()) client.gone();
        return client;
    }

    private final class Ours implements RequestSent.Owner {
        private final Consumer<Over> end = this::forget;

        @Override
        public void heard(RequestSent client, Duration copies) {
            var over = new Over(client.key(), client.flow(), null, end);
            client.disarm();
            branches.remove(client.branch());
            if (!clients.replace(client.key(), client, over)) return;
            if (sent.become(over.flow, client, client.length(), over, 0)) over.keep(timers, copies);
            else clients.remove(over.key, over);
        }

        private void forget(Over over) {
            over.disarm();
            clients.remove(over.key, over);
            sent.give(over.flow, over, 0);
        }

        @Override
        public void ended(RequestSent client) {
            clients.remove(client.key(), client);
            branches.remove(client.branch());
            sent.give(client.flow().id(), client, client.length());
        }
    }

    private final class Theirs implements RequestReceived.Owner {
        private final Consumer<Over> end = this::forget;

        @Override
        public void said(RequestReceived server, byte[] answer, Duration copies) {
            var over = new Over(server.key(), server.flow(), answer, end);
            int length = server.request().length();
            server.disarm();
            if (!servers.replace(server.key(), server, over)) return;
            if (received.become(over.flow, server, length, over, over.length())) over.keep(timers, copies);
            else servers.remove(over.key, over);
        }

        private void forget(Over over) {
            over.disarm();
            servers.remove(over.key, over);
            received.give(over.flow, over, over.length());
        }

        @Override
        public void ended(RequestReceived server) {
            servers.remove(server.key(), server);
            received.give(server.flow().id(), server, server.request().length());
        }
    }

    /// What hands the response to its transaction; empty when it belongs to none of this flow.
    public Optional<Runnable> awaited(SipMessage response, Flow flow) {
        var client = clients.get(Key.ofClient(response, response.cseqMethod(), flow));
        return client == null ? Optional.empty() : Optional.of(() -> client.received(response));
    }

    /// Whether a request that came over this flow still has its transaction.
    public boolean isUsed(Flow flow) {
        return received.has(flow);
    }

    /// False when the response belongs to no transaction of this flow; then it is dropped (RFC 6026, section 7.3).
    public boolean answered(SipMessage response, Flow flow) {
        Optional<Runnable> taken = awaited(response, flow);
        taken.ifPresent(Runnable::run);
        return taken.isPresent();
    }

    /// What [#again] and [#received] find it by: made once for both.
    public static Key key(SipMessage request, Flow flow) {
        boolean ack = request.method().equals("ACK");
        return Key.ofServer(request, ack ? "INVITE" : request.method(), flow);
    }

    /// Whether the request is one that is here already, or the ACK of its refusal; then its transaction has taken it.
    /// The ACK of an acceptance is the user's, whatever its branch (RFC 6026, section 7.1).
    public boolean again(SipMessage request, Flow flow, Key key) {
        var old = servers.get(key);
        if (old == null) return false;
        boolean ack = request.method().equals("ACK");
        // Old phones acknowledge a 2xx with the branch of their INVITE.
        if (ack && old instanceof RequestReceived invite && invite.isUsers()) return false;
        old.again(flow, ack);
        return true;
    }

    /// A new server transaction; empty for a retransmission or an ACK, which the transaction takes itself.
    public Optional<RequestReceived> received(SipMessage request, Flow flow) throws SipException {
        return received(request, flow, key(request, flow));
    }

    public Optional<RequestReceived> received(SipMessage request, Flow flow, Key key) throws SipException {
        if (again(request, flow, key)) return Optional.empty();
        boolean ack = request.method().equals("ACK");
        var server = new RequestReceived(request, flow, key, timers, theirs);
        if (ack) return Optional.of(server);
        received.take(flow, server, request.length());
        servers.put(key, server);
        if (!flow.isOpen()) server.gone();
        return Optional.of(server);
    }

    /// The INVITE that a CANCEL means (RFC 3261, section 9.2).
    public Optional<RequestReceived> cancelled(SipMessage cancel, Flow flow) {
        return servers.get(Key.ofServer(cancel, "INVITE", flow)) instanceof RequestReceived invite
                ? Optional.of(invite)
                : Optional.empty();
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
        for (Awaiting each : sent.of(flow)) {
            switch (each) {
                case RequestSent client -> client.gone();
                case Over over -> ours.forget(over);
            }
        }
        var abandoned = new ArrayList<RequestReceived>();
        for (Answering each : received.of(flow)) {
            switch (each) {
                case RequestReceived server -> {
                    if (server.gone()) abandoned.add(server);
                }
                case Over over -> theirs.forget(over);
            }
        }
        return abandoned;
    }
}
