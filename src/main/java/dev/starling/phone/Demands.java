package dev.starling.phone;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.util.List;
import java.util.Set;

/// What a phone's request demands of us before anything else, in the order of RFC 3261, section 8.2.
final class Demands {
    private static final Set<String> METHODS = Set.of(PhoneLine.ALLOW.split(", "));

    private Demands() {}

    /// Refuses methods we do not know, extensions of which we have none, and what has gone round for too long: it would
    /// leave us as a new request (section 16.3, item 3).
    static void check(SipMessage request) throws SipException {
        if (!METHODS.contains(request.method())) throw notAllowed();
        List<String> required = request.elements("require");
        if (!required.isEmpty())
            throw new SipException(
                    420, "Bad Extension", new SipException.Header("Unsupported", String.join(", ", required)));
        if (request.first("max-forwards")
                .filter(left -> left.strip().equals("0"))
                .isPresent()) throw new SipException(483, "Too Many Hops");
    }

    static SipException notAllowed() {
        return new SipException(405, "Method Not Allowed", new SipException.Header("Allow", PhoneLine.ALLOW));
    }
}
