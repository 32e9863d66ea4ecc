package dev.starling.agent;

import dev.starling.identity.passport.Claims;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// One INVITE to one device, along one way and after a moment along another; only what that device signed is used
/// (docs/protocols/sip.md, section 7). Runs on a thread of its own and ends with just one of `answered` and `failed`,
/// unless it is cancelled.
final class OutgoingLeg {
    private static final System.Logger LOG = System.getLogger("starling.agent");
    private static final Duration HEDGE = Duration.ofMillis(300), RINGING = Duration.ofSeconds(130);

    /// Section 9.1 of RFC 3261: so long a cancelled INVITE is waited for.
    private static final Duration CANCELLED = Duration.ofSeconds(32);

    /// Hears what becomes of a leg.
    interface Listener {
        void ringing();

        /// The first time only; every later one is ended by BYE.
        boolean answered(OutgoingLeg leg, Dialog dialog);

        /// `status` as of SIP.
        void failed(OutgoingLeg leg, int status, String reason);
    }

    private sealed interface Event {
        record Said(Attempt attempt, UserAgent.Answer answer) implements Event {}

        record Cancel(String reason) implements Event {}
    }

    /// One copy of the INVITE.
    private static final class Attempt {
        private Optional<UserAgent.Sent> sent = Optional.empty();
        private boolean provisional;
        private boolean cancelled;
    }

    private final UserAgent ua;
    private final LegMedia media;
    private final Listener listener;
    private final Iterator<List<String>> ways;
    private Outgoing invite;
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final Set<Attempt> attempts = new HashSet<>();
    private Optional<byte[]> applied = Optional.empty();
    private boolean heard, over;
    private Optional<String> cancel = Optional.empty();
    private int status = 480;
    private String why = "Not reachable";

    /// @param invite without its offer
    OutgoingLeg(UserAgent ua, Outgoing invite, List<List<String>> ways, LegMedia media, Listener listener) {
        this.ua = ua;
        this.invite = invite;
        this.ways = ways.iterator();
        this.media = media;
        this.listener = listener;
    }

    LegMedia media() {
        return media;
    }

    void start() {
        Thread.ofVirtual().name("leg").start(this::run);
    }

    /// `reason` is the value of Reason (RFC 3326), or empty.
    void cancel(String reason) {
        events.add(new Event.Cancel(reason));
    }

    private void run() {
        try {
            invite = invite.body("application/sdp", media.offer());
            if (!next()) fail();
            Duration left = HEDGE;
            long end = System.nanoTime() + RINGING.toNanos();
            while (!over || !attempts.isEmpty()) {
                var event = Optional.ofNullable(events.poll(left.toNanos(), TimeUnit.NANOSECONDS));
                if (event.isPresent()) take(event.get());
                else if (!heard && !over) next();
                else if (System.nanoTime() >= end) return;
                if (over && end - System.nanoTime() > CANCELLED.toNanos())
                    end = System.nanoTime() + CANCELLED.toNanos();
                left = heard || over || !ways.hasNext()
                        ? Duration.ofNanos(Math.max(1, end - System.nanoTime()))
                        : HEDGE;
            }
        } catch (SipException e) {
            status = e.status();
            why = e.reason();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            fail();
        }
    }

    /// Goes along the next way; says whether there was one.
    private boolean next() throws SipException {
        if (!ways.hasNext()) return false;
        var attempt = new Attempt();
        attempts.add(attempt);
        attempt.sent = Optional.of(ua.send(invite, ways.next(), answer -> events.add(new Event.Said(attempt, answer))));
        return true;
    }

    private void take(Event event) throws SipException {
        switch (event) {
            case Event.Cancel(String reason) -> end(reason);
            case Event.Said(Attempt attempt, UserAgent.Answer answer) -> {
                if (answer.status() < 200) provisional(attempt, answer);
                else if (answer.status() < 300) accepted(attempt, answer);
                else refused(attempt, answer);
            }
        }
    }

    private void provisional(Attempt attempt, UserAgent.Answer answer) throws SipException {
        attempt.provisional = true;
        if (over) {
            drop(attempt);
            return;
        }
        if (answer.status() == 100) return;
        if (answer.signer().isEmpty()) {
            forged(attempt);
            return;
        }
        heard = true;
        listener.ringing();
        if (answer.message().hasSdp() && !apply(answer.message().body())) forged(attempt);
    }

    private void accepted(Attempt attempt, UserAgent.Answer answer) throws SipException {
        attempts.remove(attempt);
        SipMessage sent = attempt.sent.orElseThrow().request();
        var dialog = Dialog.asking(sent, answer.message());
        ua.acknowledge(dialog.ack(sent.cseq()));
        boolean genuine = answer.signer().isPresent()
                && answer.message().hasSdp()
                && dialog.target().equals(sent.uri());
        // Too late, or somebody else's answer: RFC 3261, section 13.2.2.4, wants the ACK all the same, then BYE.
        if (over || !genuine || !apply(answer.message().body()) || !listener.answered(this, dialog)) {
            ua.send(dialog.request("BYE"), _ -> {});
            if (!over && !genuine) forged(attempt);
            else if (!over) end("");
            return;
        }
        over = true;
        for (Attempt other : attempts) drop(other);
    }

    /// Uses the answer of the device, once: 200 repeats what 180 said.
    private boolean apply(byte[] sdp) {
        if (applied.isPresent()) return Arrays.equals(applied.get(), sdp);
        if (Claims.mky(sdp).isEmpty()) return false;
        try {
            media.answered(sdp);
            applied = Optional.of(sdp);
            return true;
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "an answer that cannot be used: " + e.reason());
            return false;
        }
    }

    /// Nothing of it is used. The call starts anew along another way, if there is one.
    private void forged(Attempt attempt) throws SipException {
        status = 500;
        why = "Not genuine";
        attempt.cancelled = false;
        drop(attempt);
        attempts.remove(attempt);
        if (applied.isPresent()) {
            end("");
            fail();
            return;
        }
        invite = invite.anew();
        if (!next() && attempts.isEmpty()) fail();
    }

    private void refused(Attempt attempt, UserAgent.Answer answer) throws SipException {
        attempts.remove(attempt);
        if (over) return;
        int code = answer.status();
        // 482: the device has another copy of this call already (RFC 3261, section 8.2.2.2).
        if (code != 482) {
            status = code;
            why = answer.message().reason();
        }
        boolean decided = code == 486 || code >= 600;
        if (decided || (attempts.isEmpty() && (heard || !next()))) fail();
    }

    private void end(String reason) {
        if (over) return;
        over = true;
        cancel = Optional.of(reason);
        for (Attempt attempt : attempts) drop(attempt);
        media.close();
    }

    private void drop(Attempt attempt) {
        if (attempt.cancelled || !attempt.provisional || attempt.sent.isEmpty()) return;
        attempt.cancelled = true;
        attempt.sent
                .get()
                .cancel(cancel.filter(reason -> !reason.isEmpty()).stream().toList());
    }

    private void fail() {
        if (over) return;
        end("");
        listener.failed(this, status, why);
    }
}
