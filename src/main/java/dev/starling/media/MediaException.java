package dev.starling.media;

/// What a side described cannot be, or not here and now.
public final class MediaException extends Exception {
    private static final long serialVersionUID = 1;

    public enum Reason {
        /// No description, or one that contradicts itself: 400.
        MALFORMED,
        /// Neither PCMU nor PCMA, or not the same: 488.
        NO_COMMON_CODEC,
        /// A description of something that we do not carry: 488.
        NOT_ACCEPTABLE,
        /// Encryption, fingerprint or hash missing or weak: 488.
        INSECURE,
        /// Another offer waits for its answer: 491.
        PENDING,
        /// A limit of ours is reached: 503, or 486 where it is the account's.
        FULL,
        /// The leg or the bridge is over.
        ENDED
    }

    private final Reason reason;

    public MediaException(Reason reason, String why) {
        super(why);
        this.reason = reason;
    }

    MediaException(Reason reason, Exception cause) {
        super(cause.getMessage(), cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
