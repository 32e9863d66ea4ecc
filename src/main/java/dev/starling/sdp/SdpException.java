package dev.starling.sdp;

/// What came is no session description, or one that says something that cannot be.
public final class SdpException extends Exception {
    private static final long serialVersionUID = 1;

    public SdpException(String why) {
        super(why);
    }
}
