package dev.starling.sip.message;

import java.util.Optional;

/// The value of From, To, Contact, Route …: a URI with an optional display name and header parameters (RFC 3261,
/// section 20.10). `parameters` is what follows the URI, from the first semicolon on.
public record NameAddr(String uri, String parameters) {
    public static NameAddr parse(String value) throws SipException {
        int open = Tokens.next(value, 0, '<');
        if (open < 0) {
            // RFC 3261, section 20: without brackets every parameter is the header's.
            int end = value.indexOf(';');
            return new NameAddr(
                    (end < 0 ? value : value.substring(0, end)).trim(), end < 0 ? "" : value.substring(end));
        }
        int close = value.indexOf('>', open);
        if (close < 0) throw new SipException(400, "Bad address");
        String rest = value.substring(close + 1).trim();
        if (!rest.isEmpty() && rest.charAt(0) != ';') throw new SipException(400, "Bad address");
        return new NameAddr(value.substring(open + 1, close).trim(), rest);
    }

    /// A header parameter, outside the angle brackets; `name` in lower case.
    public Optional<String> parameter(String name) {
        return Tokens.parameter(parameters, name);
    }

    public SipUri sipUri() throws SipException {
        return SipUri.parse(uri);
    }
}
