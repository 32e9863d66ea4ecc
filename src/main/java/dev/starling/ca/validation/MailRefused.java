package dev.starling.ca.validation;

/// Thrown while a mail is read or checked; `ReplyJudge` makes a verdict of it.
final class MailRefused extends Exception {
    private static final long serialVersionUID = 1;
    private final Reason reason;

    MailRefused(Reason reason) {
        super(reason.code());
        this.reason = reason;
    }

    Reason reason() {
        return reason;
    }

    static void unless(boolean good, Reason reason) throws MailRefused {
        if (!good) throw new MailRefused(reason);
    }
}
