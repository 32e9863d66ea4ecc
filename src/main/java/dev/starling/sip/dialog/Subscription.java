package dev.starling.sip.dialog;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.Tokens;
import java.time.Duration;
import java.time.Instant;

/// One subscription as its notifier sees it (RFC 6665, section 4.2): a value, like the dialog it lives in.
///
/// @param contact ours, as a header value
/// @param event the package, without parameters
public record Subscription(Dialog dialog, String contact, String event, State state, Instant expires) {
    public enum State {
        PENDING,
        ACTIVE,
        TERMINATED
    }

    /// The value after an event, with the 2xx that answers it.
    public record Answered(Subscription subscription, SipMessage answer) {}

    /// The value after a NOTIFY, with that NOTIFY, yet without Via, Max-Forwards and body.
    public record Notified(Subscription subscription, Edit request) {}

    /// What a notifier grants.
    ///
    /// @param event the only package there is
    public record Terms(String event, String contact, Duration longest) {}

    /// Takes a SUBSCRIBE that forms a dialog, with `tag` as ours. Who asked for no time gets one NOTIFY (section
    /// 4.4.3).
    public static Answered accept(SipMessage subscribe, String tag, Terms terms, boolean active, Instant now)
            throws SipException {
        checkEvent(subscribe, terms);
        long seconds = granted(subscribe, terms);
        SipMessage answer = answer(subscribe, tag, terms, seconds);
        var dialog = Dialog.answering(subscribe, answer);
        var state = seconds == 0 ? State.TERMINATED : active ? State.ACTIVE : State.PENDING;
        var subscription = new Subscription(dialog, terms.contact, terms.event, state, now.plusSeconds(seconds));
        return new Answered(subscription, answer);
    }

    /// Takes a SUBSCRIBE within the dialog: a refresh, or with no time the end (section 4.2.1.1).
    public Answered refresh(SipMessage subscribe, Terms terms, Instant now) throws SipException {
        checkEvent(subscribe, terms);
        if (state == State.TERMINATED) throw new SipException(481, "Subscription does not exist");
        Dialog next = dialog.received(subscribe);
        long seconds = granted(subscribe, terms);
        var then = seconds == 0 ? State.TERMINATED : state;
        var subscription = new Subscription(next, contact, event, then, now.plusSeconds(seconds));
        return new Answered(subscription, answer(subscribe, dialog.id().localTag(), terms, seconds));
    }

    /// The next NOTIFY, which says how things stand.
    public Notified notification(Instant now) throws SipException {
        var outgoing = dialog.request("NOTIFY");
        outgoing.request().add("Contact", contact).add("Event", event).add("Subscription-State", header(now));
        return new Notified(new Subscription(outgoing.dialog(), contact, event, state, expires), outgoing.request());
    }

    /// Ends it, when its time is over or the notifier wants it so.
    public Subscription terminated() {
        return new Subscription(dialog, contact, event, State.TERMINATED, expires);
    }

    public boolean isExpired(Instant now) {
        return !expires.isAfter(now);
    }

    private String header(Instant now) {
        long left = Math.max(0, expires.getEpochSecond() - now.getEpochSecond());
        return switch (state) {
            case PENDING -> "pending;expires=" + left;
            case ACTIVE -> "active;expires=" + left;
            case TERMINATED -> "terminated;reason=timeout";
        };
    }

    private static void checkEvent(SipMessage subscribe, Terms terms) throws SipException {
        if (!Tokens.head(subscribe.required("event"), ';').equals(terms.event))
            throw new SipException(489, "Bad Event", new SipException.Header("Allow-Events", terms.event));
    }

    // Shorter than asked for is allowed, longer is not (section 4.2.1.1).
    private static long granted(SipMessage subscribe, Terms terms) {
        long longest = terms.longest.toSeconds();
        return Math.min(longest, subscribe.number("expires", longest));
    }

    private static SipMessage answer(SipMessage subscribe, String tag, Terms terms, long seconds) throws SipException {
        var answer = Edit.response(subscribe, 200, "OK", tag);
        return Dialog.copyRoutes(subscribe, answer)
                .add("Contact", terms.contact)
                .add("Expires", String.valueOf(seconds))
                .build();
    }
}
