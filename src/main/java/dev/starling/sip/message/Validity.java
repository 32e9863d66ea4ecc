package dev.starling.sip.message;

import java.util.Set;

/// What every message must say, once and readably (RFC 3261, sections 8.1.1, 16.3 and 20): what two hops could read
/// in two ways is refused by the first.
final class Validity {
    private static final String[] MANDATORY = {"via", "from", "to", "call-id", "cseq"};
    private static final Set<String> ONCE = Set.of(
            "from",
            "to",
            "call-id",
            "cseq",
            "max-forwards",
            "content-length",
            "content-type",
            "expires",
            "event",
            "identity",
            "subscription-state",
            "sip-if-match",
            "starling-token",
            "starling-signature");
    private static final long MAX_CSEQ = (1L << 31) - 1, MAX_EXPIRES = (1L << 32) - 1;
    private static final int MAX_CALL_ID = 256;

    private Validity() {}

    static void check(SipMessage message) throws SipException {
        for (String name : MANDATORY) if (message.first(name).isEmpty()) throw bad("no " + name);
        message.checkOnce(ONCE);
        if (message.isRequest() && !message.version().equalsIgnoreCase("SIP/2.0"))
            throw new SipException(505, "Version Not Supported");
        via(message);
        cseq(message);
        callId(message.callId());
        address(message.required("from"), "from");
        address(message.required("to"), "to");
        number(message, "max-forwards", 255);
        number(message, "expires", MAX_EXPIRES);
        long length = number(message, "content-length", SipMessage.MAX_BYTES);
        if (length >= 0 && length != message.bodyLength()) throw bad("content-length");
    }

    // Departs from RFC 3261, section 17.2.3: a branch without the magic cookie, that is an element older than this
    // standard, is refused.
    private static void via(SipMessage message) throws SipException {
        String via = message.topVia();
        int blank = Tokens.blank(via);
        int slash = via.indexOf('/'), second = via.indexOf('/', slash + 1);
        boolean protocol = second > 0 && via.regionMatches(true, 0, "SIP", 0, 3) && blank < via.length();
        if (!protocol) throw bad("via");
        if (message.isRequest() && !message.branch().startsWith("z9hG4bK")) throw bad("branch");
    }

    private static void cseq(SipMessage message) throws SipException {
        String value = message.required("cseq");
        long number = Tokens.number(value.substring(0, Tokens.blank(value)), 10);
        if (number < 0) throw bad("cseq");
        if (number > MAX_CSEQ) throw bad("cseq too large");
        String method = message.cseqMethod();
        if (!Tokens.isToken(method)) throw bad("cseq method");
        if (message.isRequest() && !method.equals(message.method())) throw bad("cseq of another method");
    }

    private static void callId(String id) throws SipException {
        if (id.isEmpty() || id.length() > MAX_CALL_ID) throw bad("call-id");
        if (!isPrintable(id)) throw bad("call-id");
    }

    private static void address(String value, String name) throws SipException {
        if (!Tokens.balanced(value)) throw bad(name);
        String uri = NameAddr.parse(value).uri();
        if (uri.isEmpty() || !isPrintable(uri)) throw bad(name);
    }

    // ASCII without blanks: what has other bytes in it, signatures could not name (RFC 8225 claims are ASCII here).
    private static boolean isPrintable(String text) {
        for (int i = 0; i < text.length(); i++) if (text.charAt(i) <= ' ' || text.charAt(i) > '~') return false;
        return true;
    }

    /// -1 when there is none.
    private static long number(SipMessage message, String name, long max) throws SipException {
        var value = message.first(name);
        if (value.isEmpty()) return -1;
        long number = Tokens.number(value.get(), 10);
        if (number < 0 || number > max) throw bad(name);
        return number;
    }

    private static SipException bad(String reason) {
        return new SipException(400, "Bad " + reason);
    }
}
