package dev.starling.ca.store;

/// One way to prove an authorization (RFC 8555, section 7.1.5).
///
/// @param authorization the id of the one it belongs to
/// @param type `email-code-00`, `email-reply-00`
/// @param token part 2, which the client sees
/// @param tries wrong answers so far
/// @param validated Unix seconds; 0 before
/// @param error what was wrong with the last answer
public record Challenge(
        String id,
        String authorization,
        String type,
        String token,
        Status status,
        int tries,
        long validated,
        Fault error) {
    public enum Status {
        PENDING,
        PROCESSING,
        VALID,
        INVALID
    }

    public boolean isOpen() {
        return status == Status.PENDING || status == Status.PROCESSING;
    }
}
