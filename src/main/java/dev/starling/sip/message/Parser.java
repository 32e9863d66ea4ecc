package dev.starling.sip.message;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// One pass over the bytes: start line, header lines, body; then what RFC 3261, section 8.1.1, makes mandatory. Every
/// refusal has its reason.
final class Parser {
    private static final Set<String> ONCE = Set.of(
            "from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type", "expires", "event");
    private static final long MAX_CSEQ = (1L << 31) - 1;

    private final byte[] in;
    private int at;

    private Parser(byte[] in) {
        this.in = in;
    }

    static SipMessage parse(byte[] bytes) throws SipException {
        if (bytes.length > SipMessage.MAX_BYTES) throw bad("message too long");
        var parser = new Parser(bytes.clone());
        SipMessage message = parser.message();
        validate(message);
        return message;
    }

    private SipMessage message() throws SipException {
        // RFC 3261, section 7.5: empty lines in front are ignored.
        while (at < in.length && (in[at] == '\r' || in[at] == '\n')) at++;
        String[] start = startLine(line());
        var lines = new ArrayList<SipMessage.Line>();
        while (true) {
            if (at >= in.length) throw bad("no end of the header");
            if (in[at] == '\n') {
                at++;
                break;
            }
            if (in[at] == '\r' && at + 1 < in.length && in[at + 1] == '\n') {
                at += 2;
                break;
            }
            if (at > SipMessage.MAX_HEADER_BYTES) throw bad("header too long");
            if (lines.size() == SipMessage.MAX_LINES) throw bad("too many header lines");
            lines.add(header());
        }
        return new SipMessage(in, start, List.copyOf(lines), at);
    }

    private String line() throws SipException {
        int start = at;
        while (at < in.length && in[at] != '\n') at++;
        if (at >= in.length) throw bad("no end of the start line");
        int end = at > start && in[at - 1] == '\r' ? at - 1 : at;
        at++;
        String line = new String(in, start, end - start, StandardCharsets.ISO_8859_1);
        if (line.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) throw bad("control character in the start line");
        return line;
    }

    private static String[] startLine(String line) throws SipException {
        if (line.startsWith("SIP/2.0 ")) {
            if (!line.matches("SIP/2\\.0 [1-6][0-9][0-9] .*")) throw bad("status line");
            return new String[] {"SIP/2.0", line.substring(8, 11), line.substring(12)};
        }
        String[] parts = line.split(" ", -1);
        if (parts.length != 3) throw bad("request line");
        if (!Tokens.isToken(parts[0])) throw bad("method");
        if (!parts[2].equalsIgnoreCase("SIP/2.0")) throw new SipException(505, "Version Not Supported");
        boolean plain = parts[1].chars().allMatch(c -> c > 0x20 && c < 0x7f && c != '<' && c != '>' && c != '"');
        if (!plain || parts[1].indexOf(':') < 1) throw bad("Request-URI");
        return parts;
    }

    private SipMessage.Line header() throws SipException {
        int start = at, colon = at;
        while (colon < in.length && in[colon] != ':' && in[colon] != '\n') colon++;
        if (colon >= in.length || in[colon] != ':') throw bad("header line without colon");
        String name = new String(in, start, colon - start, StandardCharsets.ISO_8859_1).stripTrailing();
        if (!Tokens.isToken(name)) throw bad("header name");
        int end = colon;
        do {
            end++;
            while (end < in.length && in[end] != '\n') end++;
            if (end >= in.length) throw bad("no end of a header line");
        } while (end + 1 < in.length && (in[end + 1] == ' ' || in[end + 1] == '\t'));
        checkValue(colon + 1, end);
        int valueStart = colon + 1, valueEnd = end;
        while (valueStart < valueEnd && isBlank(in[valueStart])) valueStart++;
        while (valueEnd > valueStart && isBlank(in[valueEnd - 1])) valueEnd--;
        at = end + 1;
        return new SipMessage.Line(HeaderName.canonical(name), start, valueStart, valueEnd, at);
    }

    // A bare CR or a NUL would let the next hop see other headers than we did.
    private void checkValue(int from, int to) throws SipException {
        for (int i = from; i < to; i++) {
            int c = in[i] & 255;
            boolean lineEnd = c == '\n' || (c == '\r' && i + 1 < in.length && in[i + 1] == '\n');
            if (!lineEnd && c != '\t' && (c < 0x20 || c == 0x7f)) throw bad("control character in a header");
        }
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t' || b == '\r' || b == '\n';
    }

    private static void validate(SipMessage message) throws SipException {
        for (String name : List.of("via", "from", "to", "call-id", "cseq"))
            if (message.count(name) == 0) throw bad("no " + name);
        if (message.isRequest() && !message.branch().startsWith("z9hG4bK")) throw bad("branch");
        for (String name : ONCE) if (message.count(name) > 1) throw bad(name + " twice");
        String cseq = message.required("cseq");
        if (!cseq.matches("[0-9]{1,10}[ \\t]+[^ \\t]+")) throw bad("cseq");
        if (message.cseq() > MAX_CSEQ) throw bad("cseq too large");
        if (!Tokens.isToken(message.cseqMethod())) throw bad("cseq method");
        if (message.isRequest() && !message.cseqMethod().equals(message.method())) throw bad("cseq of another method");
        if (message.callId().isEmpty() || message.callId().indexOf(' ') >= 0) throw bad("call-id");
        for (String name : List.of("from", "to"))
            if (!Tokens.balanced(message.required(name))
                    || message.required(name).isEmpty()) throw bad(name);
        checkNumber(message, "max-forwards", 255);
        checkNumber(message, "expires", (1L << 32) - 1);
        Optional<Long> length = checkNumber(message, "content-length", SipMessage.MAX_BYTES);
        if (length.isPresent() && length.get() != message.body().length) throw bad("content-length");
    }

    private static Optional<Long> checkNumber(SipMessage message, String name, long max) throws SipException {
        Optional<String> value = message.first(name);
        if (value.isEmpty()) return Optional.empty();
        if (!value.get().matches("[0-9]{1,10}") || Long.parseLong(value.get()) > max) throw bad(name);
        return Optional.of(Long.parseLong(value.get()));
    }

    private static SipException bad(String reason) {
        return new SipException(400, "Bad " + reason);
    }
}
