package dev.starling.mail;

/// Thrown while a mail is read or checked; `ReplyJudge` makes a verdict of it.
public final class MailRefused extends Exception {
    private static final long serialVersionUID = 1;
    private final Reason reason;

    public MailRefused(Reason reason) {
        super(reason.code());
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }

    public static void unless(boolean good, Reason reason) throws MailRefused {
        if (!good) throw new MailRefused(reason);
    }
}
