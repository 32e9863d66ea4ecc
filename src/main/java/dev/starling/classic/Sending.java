package dev.starling.classic;

import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.locating.Hop;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.RequestSent;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.NeighbourTransport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// One request on its way to a domain: to the servers that RFC 3263 names, one after the other, until one answers
/// anything but 503 (section 4.3). That one has it; of those that did not answer in time, what comes late is cancelled
/// or ended.
public final class Sending {
    private static final System.Logger LOG = System.getLogger("starling.classic");
    private static final int MOST_ADDRESSES = 4, MOST_TRIES = 8;
    static final Duration PATIENCE = Duration.ofSeconds(4), LAST_PATIENCE = Duration.ofSeconds(12);
    private static final Duration RINGING = Duration.ofSeconds(180), CANCELLED = Duration.ofSeconds(32);

    /// What is to be sent.
    ///
    /// @param next the URI that says where: the first Route, or else the Request-URI (RFC 3261, section 8.1.2)
    /// @param over the flow over which the other side is known to be there, within a dialog: taken when
    ///     `next` leads there, and where it may not be gone to or leads nowhere
    /// @param writer makes it for one way, without Via and Max-Forwards
    public record Request(String next, Optional<Flow> over, Writer writer) {}

    /// Writes the request; what it says of us may depend on the way. ACK is sent without a transaction.
    public interface Writer {
        Edit write(Flow flow) throws SipException;
    }

    /// Hears what becomes of it, on threads that may wait.
    public interface Listener {
        /// Of the server that has it; several, the last of them final.
        void answered(SipMessage request, SipMessage answer, Flow flow) throws SipException;

        /// Nobody has it.
        void failed(SipException why);
    }

    private static final class Try {
        final CompletableFuture<Boolean> decided = new CompletableFuture<>();
        boolean abandoned, isCancelled;
        Optional<RequestSent> sent = Optional.empty();
    }

    private final ClassicEdge edge;
    private final Request request;
    private final Listener listener;
    private Optional<Try> current = Optional.empty();
    private boolean isBound, isCancelled;
    private List<String> reasons = List.of();
    private int tries;
    private SipException why = new SipException(480, "Their server cannot be found");

    Sending(ClassicEdge edge, Request request, Listener listener) {
        this.edge = edge;
        this.request = request;
        this.listener = listener;
    }

    void run() {
        try {
            if (along()) return;
            if (request.over.isPresent() && request.over.get().isOpen() && attempt(request.over.get(), true)) return;
        } catch (SipException e) {
            why = e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            why = new SipException(503, "Stopping");
        }
        if (!isCancelled()) listener.failed(why);
    }

    /// True: somebody has it, or nobody wants it any more.
    private boolean along() throws SipException, InterruptedException {
        List<Hop> hops;
        try {
            hops = edge.next().of(SipUri.parse(request.next));
        } catch (SipException e) {
            why = e;
            return false;
        }
        for (int i = 0; i < hops.size(); i++) {
            List<InetAddress> addresses = addresses(hops.get(i));
            for (int j = 0; j < Math.min(MOST_ADDRESSES, addresses.size()) && tries < MOST_TRIES; j++) {
                boolean last = i == hops.size() - 1 && j == addresses.size() - 1;
                if (isCancelled() || to(hops.get(i), addresses.get(j), last)) return true;
            }
        }
        return isCancelled();
    }

    private List<InetAddress> addresses(Hop hop) {
        String host = hop.host();
        try {
            if (host.startsWith("[")) return List.of(InetAddress.ofLiteral(host.substring(1, host.length() - 1)));
            if (host.matches("[0-9.]+")) return List.of(InetAddress.ofLiteral(host));
            return edge.names().addresses(host);
        } catch (IOException | IllegalArgumentException e) {
            why = new SipException(503, "The DNS does not answer");
            return List.of();
        }
    }

    private boolean to(Hop hop, InetAddress address, boolean last) throws SipException, InterruptedException {
        String transport = hop.transport().name();
        var place = new InetSocketAddress(address, hop.port());
        boolean isThere = request.over
                .filter(Flow::isOpen)
                .filter(flow ->
                        flow.transport().equals(transport) && flow.remote().equals(Optional.of(place)))
                .isPresent();
        if (!isThere && !edge.ways().allows(address)) {
            // To blame is whoever speaks with us in the dialog; outside of one, whoever made the records.
            InetAddress who = request.over
                    .flatMap(Flow::remote)
                    .map(InetSocketAddress::getAddress)
                    .orElse(address);
            String what = hop.domain() + " at " + address.getHostAddress();
            edge.offences().by(who, "Names an address that is not allowed", what);
            why = new SipException(403, "Their server is at an address that is not allowed");
            return false;
        }
        Flow flow;
        try {
            flow = isThere
                    ? request.over.orElseThrow()
                    : edge.ways().to(new NeighbourTransport.Target(transport, place, hop.domain()));
        } catch (SipException e) {
            why = e;
            return false;
        }
        tries++;
        return attempt(flow, last && request.over.isEmpty());
    }

    private boolean attempt(Flow flow, boolean last) throws SipException, InterruptedException {
        SipMessage message = edge.outgoing().request(request.writer.write(flow), flow);
        if (message.method().equals("ACK")) {
            flow.send(message.bytes());
            return true;
        }
        var one = new Try();
        synchronized (this) {
            if (isCancelled) return true;
            current = Optional.of(one);
        }
        RequestSent sent = edge.transactions().send(message, flow, answer -> heard(one, message, answer, flow));
        if (sent.isInvite()) sent.waitsFor(RINGING);
        boolean late;
        synchronized (this) {
            one.sent = Optional.of(sent);
            late = isCancelled;
        }
        // Its answer, and the wish to cancel it, may have come before it was known here.
        if (late) cancel(one);
        try {
            if (one.decided.get((last ? LAST_PATIENCE : PATIENCE).toMillis(), TimeUnit.MILLISECONDS)) return true;
        } catch (TimeoutException e) {
            synchronized (this) {
                if (isBound) return true;
                one.abandoned = true;
                why = new SipException(408, "Their server does not answer");
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
        return isCancelled();
    }

    private void heard(Try one, SipMessage sent, SipMessage answer, Flow flow) {
        boolean late;
        synchronized (this) {
            boolean failed = answer.status() == 503 || answer.status() == 408 || !flow.isOpen();
            if (!isBound && !one.abandoned && failed && answer.status() >= 200) {
                one.abandoned = true;
                why = answer.status() == 503
                        ? new SipException(503, "Their server is not available")
                        : new SipException(480, "Their server does not answer");
                one.decided.complete(false);
                return;
            }
            late = one.abandoned;
            isBound |= !late;
        }
        if (late) {
            late(one, sent, answer, flow);
            return;
        }
        one.decided.complete(true);
        try {
            listener.answered(sent, answer, flow);
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "an answer of a neighbour: " + e.reason());
            if (answer.status() >= 200) listener.failed(e);
        }
    }

    /// An answer that nobody waits for any more.
    private void late(Try one, SipMessage sent, SipMessage answer, Flow flow) {
        try {
            if (!sent.method().equals("INVITE")) return;
            if (answer.status() > 100 && answer.status() < 200) cancel(one);
            if (answer.status() < 200 || answer.status() >= 300) return;
            var dialog = Dialog.asking(sent, answer);
            flow.send(edge.outgoing().request(dialog.ack(sent.cseq()), flow).bytes());
            // A new offer within a call does not end it.
            if (sent.toTag().isPresent()) return;
            var _ = edge.transactions()
                    .send(edge.outgoing().request(dialog.request("BYE").request(), flow), flow, _ -> {});
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "a late answer of a neighbour: " + e.reason());
        }
    }

    private synchronized boolean isCancelled() {
        return isCancelled;
    }

    /// Nobody wants it any more. What was answered provisionally is cancelled (RFC 3261, section 9.1), its final answer
    /// still comes to the listener; what was not answered at all is forgotten.
    public void cancel(List<String> why) {
        Optional<Try> waiting;
        synchronized (this) {
            if (isCancelled) return;
            isCancelled = true;
            reasons = List.copyOf(why);
            waiting = current;
            if (!isBound) waiting.ifPresent(each -> each.abandoned = true);
        }
        waiting.ifPresent(each -> {
            each.decided.complete(true);
            cancel(each);
        });
    }

    private void cancel(Try one) {
        Optional<RequestSent> sent;
        List<String> why;
        synchronized (this) {
            if (one.isCancelled) return;
            sent = one.sent.filter(RequestSent::isProceeding);
            one.isCancelled = sent.isPresent();
            why = reasons;
        }
        if (sent.isEmpty()) return;
        RequestSent invite = sent.get();
        try {
            edge.transactions().send(invite.cancel(why), invite.flow(), _ -> {});
            // RFC 3261, section 9.1: 64*T1 later nobody answers any more.
            invite.waitsFor(CANCELLED);
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "CANCEL: " + e.reason());
        }
    }

    @Override
    public String toString() {
        return "Sending[" + request.next + "]";
    }
}
