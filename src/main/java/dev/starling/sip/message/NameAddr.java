package dev.starling.sip.message;

import java.util.Optional;

/// The value of From, To, Contact, Route …: a URI with an optional display name and header parameters (RFC 3261,
/// section 20.10).
public record NameAddr(String uri, String whole) {
    public static NameAddr parse(String value) throws SipException {
        int open = Tokens.next(value, 0, '<');
        if (open >= 0) {
            int close = value.indexOf('>', open);
            if (close < 0) throw new SipException(400, "Bad address");
            return new NameAddr(value.substring(open + 1, close).trim(), value);
        }
        int end = value.indexOf(';');
        return new NameAddr((end < 0 ? value : value.substring(0, end)).trim(), value);
    }

    /// A header parameter, outside the angle brackets.
    public Optional<String> parameter(String name) {
        int open = Tokens.next(whole, 0, '<');
        return Tokens.parameter(open < 0 ? whole : "x" + whole.substring(whole.indexOf('>', open) + 1), name);
    }

    public SipUri sipUri() throws SipException {
        return SipUri.parse(uri);
    }
}
