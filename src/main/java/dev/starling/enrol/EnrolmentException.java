package dev.starling.enrol;

/// Why there is no certificate; the message is for people.
public final class EnrolmentException extends Exception {
    private static final long serialVersionUID = 1;

    /// What the caller can do about it.
    public enum Reason {
        /// Nothing answered, or not in time: try again later, the enrolment goes on where it was.
        UNREACHABLE,
        /// Nobody gave a code: run it again, the enrolment goes on where it was.
        INTERRUPTED,
        /// The user's own mail servers did not do their part, or the CA did not take what they sent: the message says
        /// what to mend, and the enrolment goes on where it was.
        MAIL_SERVER,
        /// The CA does not want to: the message says why. The next attempt starts anew, with the same key if the CA was
        /// asked to certify it.
        REFUSED,
        /// It makes accounts only for those to whom its operator gave a key: try again with one. The next attempt
        /// starts
        /// anew.
        NEEDS_KEY,
        /// What the CA answered makes no sense. The next attempt starts anew, as after [#REFUSED].
        UNINTELLIGIBLE,
        /// What the CA gave is not a certificate for this key and this address from a CA that is believed.
        NOT_GENUINE
    }

    private final Reason reason;

    EnrolmentException(Reason reason, String words) {
        super(words);
        this.reason = reason;
    }

    EnrolmentException(Reason reason, String words, Throwable cause) {
        super(words, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }

    public String detail() {
        return String.valueOf(getMessage());
    }
}
