package dev.starling.sip.message;

/// What came from the network is not acceptable; `status` and the message are what the answer says.
public final class SipException extends Exception {
    private static final long serialVersionUID = 1;
    private final int status;

    public SipException(int status, String reason) {
        super(reason);
        this.status = status;
    }

    public int status() {
        return status;
    }

    public String reason() {
        return String.valueOf(getMessage());
    }
}
