package dev.starling.ca.store;

import java.util.List;

/// An account (RFC 8555, section 7.1.2).
///
/// @param jwk the public key as JSON
/// @param contact URLs, as the client gave them
/// @param created Unix seconds
public record Account(String id, String thumbprint, String jwk, Status status, List<String> contact, long created) {
    /// In the words of RFC 8555 (in lower case).
    public enum Status {
        VALID,
        DEACTIVATED,
        REVOKED
    }

    public Account {
        contact = List.copyOf(contact);
    }

    public boolean isActive() {
        return status == Status.VALID;
    }
}
