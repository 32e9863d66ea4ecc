package dev.starling.ca.validation;

/// A mail as a server handed it over.
///
/// @param sender of its envelope (RFC 5321, section 4.1.1.2); "" of a report on a mail
/// @param recipient of its envelope, as it was given
/// @param raw the message, octet by octet as it was signed
public record Incoming(String sender, String recipient, byte[] raw) {
    public Incoming {
        raw = raw.clone();
    }

    @Override
    public byte[] raw() {
        return raw.clone();
    }
}
