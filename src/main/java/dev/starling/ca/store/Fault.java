package dev.starling.ca.store;

/// What is wrong (RFC 8555, section 6.7).
///
/// @param type the part after `urn:ietf:params:acme:error:`; "" when nothing is wrong
/// @param detail in words for people
public record Fault(String type, String detail) {
    public static final Fault NONE = new Fault("", "");

    public boolean isNone() {
        return type.isEmpty();
    }

    /// As it is stored.
    String text() {
        return isNone() ? "" : type + " " + detail;
    }

    static Fault of(String stored) {
        int blank = stored.indexOf(' ');
        return blank < 0 ? NONE : new Fault(stored.substring(0, blank), stored.substring(blank + 1));
    }
}
