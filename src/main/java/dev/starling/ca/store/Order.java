package dev.starling.ca.store;

import dev.starling.identity.Address;

/// One order (RFC 8555, section 7.1.3) of a certificate for one address.
///
/// @param created Unix seconds, as `expires`
/// @param csr what is to be certified, DER; empty before it is finalized
/// @param serial of its certificate, hexadecimal; "" before there is one
/// @param replaces the name (RFC 9773, section 4.1) of the certificate whose place it is to take; "" when none
/// @param error why it is invalid
public record Order(
        String id,
        String account,
        String authorization,
        String type,
        String value,
        Status status,
        long created,
        long expires,
        byte[] csr,
        String serial,
        String replaces,
        Fault error) {
    /// In the words of RFC 8555 (in lower case).
    public enum Status {
        PENDING,
        READY,
        PROCESSING,
        VALID,
        INVALID
    }

    public Address address() {
        return new Address(value);
    }

    /// One whose certificate is being made comes to its end whenever that is. One of the future counts no more: the
    /// clock was wrong when it was made.
    public boolean isOver(long now) {
        boolean outside = expires < now || created > now + Authorization.CLOCK_SECONDS;
        return outside && status != Status.VALID && status != Status.PROCESSING;
    }

    @Override
    public String toString() {
        return "Order[" + id + ", " + status + "]";
    }
}
