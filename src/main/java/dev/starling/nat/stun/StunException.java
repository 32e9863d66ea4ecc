package dev.starling.nat.stun;

/// What came is no STUN message, or one that says something that cannot be.
public final class StunException extends Exception {
    private static final long serialVersionUID = 1;

    public StunException(String why) {
        super(why);
    }
}
