package dev.starling.identity;

/// Something that claims an identity is malformed or not believed. `reason()` is one of the words in
/// docs/protocols/formats.md, the same in both languages; the message adds what was found, never a secret.
public final class IdentityException extends Exception {
    private static final long serialVersionUID = 1;
    private final String reason;

    public IdentityException(String reason, String detail) {
        super(reason + ": " + detail);
        this.reason = reason;
    }

    public IdentityException(String reason) {
        super(reason);
        this.reason = reason;
    }

    public String reason() {
        return reason;
    }
}
