package dev.starling.proxy;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.RequestSent;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// One request on its way through this proxy, from its arrival to the final answer (RFC 3261, section 16.2): one
/// branch, since nothing is forked.
final class ResponseContext {
    private static final System.Logger LOG = System.getLogger("starling.proxy");

    /// Timer C, section 16.6, item 11: more than three minutes.
    private static final Duration RINGING = Duration.ofSeconds(190);

    /// Section 9.1: how long a cancelled request is waited for.
    private static final Duration CANCELLED = Duration.ofSeconds(32);

    private final RequestReceived server;
    private final TransactionLayer transactions;
    private final TransactionLayer.Timers timers;
    private final boolean invite;
    private Optional<RequestSent> client = Optional.empty();
    private Optional<List<String>> cancel = Optional.empty();
    private boolean cancelSent;
    private boolean over;
    private Runnable stopTimer = () -> {};

    ResponseContext(RequestReceived server, TransactionLayer transactions, TransactionLayer.Timers timers) {
        this.server = server;
        this.transactions = transactions;
        this.timers = timers;
        invite = server.request().method().equals("INVITE");
    }

    /// Sends the request on, unless it was cancelled or left alone meanwhile.
    void send(SipMessage onward, Flow to) throws SipException {
        if (server.isAnswered()) return;
        RequestSent sent = transactions.send(onward, to, this::received);
        synchronized (this) {
            client = Optional.of(sent);
        }
        if (!invite) return;
        arm(RINGING);
        server.onCancel(this::cancelled);
        progress();
    }

    private void received(SipMessage response) {
        boolean last = response.status() >= 200;
        if (last) stop();
        else if (invite && response.status() > 100) arm(RINGING);
        if (response.status() > 100) back(response);
        progress();
    }

    // Section 16.7, item 3: our Via goes; what then has none is not for others.
    private void back(SipMessage response) {
        List<String> vias = response.elements("via");
        try {
            if (vias.size() < 2) throw new SipException(400, "no Via but ours");
            var answer = response.edit().dropElements("Via", vias, 1, "");
            server.respond(answer.build());
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> server.request() + ": an answer is dropped, " + e.getMessage());
        }
    }

    private void cancelled(List<String> reasons) {
        synchronized (this) {
            if (cancel.isEmpty()) cancel = Optional.of(reasons);
        }
        progress();
    }

    /// Section 9.1: a CANCEL goes out once a provisional answer has come, not before.
    private void progress() {
        RequestSent to;
        List<String> reasons;
        synchronized (this) {
            if (cancelSent || over || cancel.isEmpty() || client.isEmpty()) return;
            to = client.get();
            if (!to.isProceeding()) return;
            reasons = cancel.get();
            cancelSent = true;
        }
        try {
            transactions.send(to.cancel(reasons), to.flow(), _ -> {});
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> server.request() + ": not cancelled, " + e.getMessage());
        }
        arm(CANCELLED);
    }

    private void arm(Duration after) {
        synchronized (this) {
            if (over) return;
            stopTimer.run();
            stopTimer = timers.after(cancelSent ? CANCELLED : after, this::tooLong);
        }
    }

    private synchronized void stop() {
        over = true;
        stopTimer.run();
    }

    // Section 16.8: nobody rings for ever.
    private void tooLong() {
        try {
            server.respond(Edit.response(server.request(), 408, "Request Timeout", TransactionLayer.tag())
                    .build());
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
        cancelled(List.of());
    }
}
