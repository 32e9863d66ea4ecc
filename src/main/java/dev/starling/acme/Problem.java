package dev.starling.acme;

/// An error of RFC 8555, section 6.7: `type` is the part after `urn:ietf:params:acme:error:`.
public final class Problem extends Exception {
    private static final long serialVersionUID = 1;
    private final String type;
    private final int status;

    public Problem(String type, int status, String detail) {
        super(detail);
        this.type = type;
        this.status = status;
    }

    public static Problem malformed(String detail) {
        return new Problem("malformed", 400, detail);
    }

    public String type() {
        return type;
    }

    public int status() {
        return status;
    }

    public String detail() {
        return String.valueOf(getMessage());
    }
}
