package dev.starling.classic;

import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.message.Tokens;
import dev.starling.sip.transaction.RequestReceived;

/// A request out of an ordinary SIP domain. Nobody has proven anything of it.
///
/// @param from whom it names as its sender
/// @param name how that one is called there, in printable ASCII; "" for nothing
/// @param to a person here, if there is such a one
public record Stranger(Address from, String name, Address to, SipMessage request, RequestReceived server) {
    private static final int MAX_NAME = 64;

    /// Only addresses that can be compared with known ones are taken: whatever else From says could be shown as one of
    /// them.
    static Address from(SipMessage request) throws SipException {
        return address(request.from().uri(), 403);
    }

    static Address to(SipMessage request) throws SipException {
        return address(request.uri(), 404);
    }

    private static Address address(String uri, int otherwise) throws SipException {
        try {
            SipUri parsed = SipUri.parse(uri);
            return Address.ofUri("sip:" + parsed.user() + "@" + parsed.host());
        } catch (IdentityException e) {
            throw new SipException(otherwise, "Not an e-mail address: " + e.reason());
        }
    }

    static String name(SipMessage request) {
        String value = request.required("from");
        int open = Tokens.next(value, 0, '<');
        if (open <= 0) return "";
        String plain = value.substring(0, open)
                .replaceAll("[^ -~]", "")
                .replaceAll("[\"\\\\]", "")
                .strip();
        return plain.substring(0, Math.min(MAX_NAME, plain.length()));
    }

    @Override
    public String toString() {
        return "Stranger[" + request + "]";
    }
}
