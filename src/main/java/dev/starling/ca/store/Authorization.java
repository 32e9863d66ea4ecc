package dev.starling.ca.store;

import dev.starling.identity.Address;

/// That an account may have certificates for an address (RFC 8555, section 7.1.4), or how far it is with the proof. One
/// mail carries the code for it, whatever way the person answers it; the code is kept nowhere.
///
/// @param type `email`
/// @param value the normalised address
/// @param created Unix seconds, as `expires` and `validated`
/// @param validated when the mailbox was proven; 0 before
/// @param proof the type of the challenge that proved it; "" before
/// @param error what is wrong with its mail, or why it ended
public record Authorization(
        String id,
        String account,
        String type,
        String value,
        Status status,
        long created,
        long expires,
        long validated,
        String proof,
        Fault error) {
    /// By so much a clock may be set back without consequences.
    static final long CLOCK_SECONDS = 600;

    /// As stored; one that is over in time is still what it was.
    public enum Status {
        PENDING,
        VALID,
        INVALID,
        DEACTIVATED,
        REVOKED
    }

    public Address address() {
        return new Address(value);
    }

    /// One of the future counts neither: the clock was wrong when it was made.
    public boolean isOver(long now) {
        return expires < now || isEarly(now);
    }

    /// Whether the clock that made it was ahead of this one.
    public boolean isEarly(long now) {
        return created > now + CLOCK_SECONDS;
    }

    /// Whether certificates may be issued by it.
    public boolean isGood(long now) {
        return status == Status.VALID && !isOver(now) && validated <= now + CLOCK_SECONDS;
    }

    @Override
    public String toString() {
        return "Authorization[" + id + ", " + status + "]";
    }
}
