package dev.starling.sip.message;

import java.nio.charset.StandardCharsets;

/// One pass over the bytes: start line, header lines, body (RFC 3261, section 7). Every refusal has its reason. What
/// the message must say is [Validity]'s.
final class Parser {
    private static final String VERSION = "SIP/2.0";

    private final byte[] in;
    private int at;

    private Parser(byte[] in) {
        this.in = in;
    }

    static SipMessage read(byte[] bytes) throws SipException {
        return own(bytes.clone());
    }

    /// The same of bytes that nobody else changes.
    static SipMessage own(byte[] bytes) throws SipException {
        if (bytes.length > SipMessage.MAX_BYTES) throw bad("message too long");
        return new SipMessage(bytes, parsed(bytes));
    }

    /// Of bytes that nobody else changes.
    static SipMessage.Parsed parsed(byte[] in) throws SipException {
        return new Parser(in).message();
    }

    private SipMessage.Parsed message() throws SipException {
        // RFC 3261, section 7.5: empty lines in front are ignored.
        while (at < in.length && (in[at] == '\r' || in[at] == '\n')) at++;
        String[] start = startLine(line());
        var lines = new HeaderLines(16);
        while (!emptyLine()) {
            if (at >= in.length) throw bad("no end of the header");
            if (at > SipMessage.MAX_HEADER_BYTES) throw bad("header too long");
            if (lines.size() == SipMessage.MAX_LINES) throw bad("too many header lines");
            header(lines);
        }
        return new SipMessage.Parsed(start, lines, at);
    }

    private boolean emptyLine() {
        if (at < in.length && in[at] == '\n') {
            at++;
            return true;
        }
        boolean empty = at + 1 < in.length && in[at] == '\r' && in[at + 1] == '\n';
        if (empty) at += 2;
        return empty;
    }

    private String line() throws SipException {
        int start = at;
        while (at < in.length && in[at] != '\n') at++;
        if (at >= in.length) throw bad("no end of the start line");
        int end = at > start && in[at - 1] == '\r' ? at - 1 : at;
        at++;
        for (int i = start; i < end; i++) if (isControl(in[i])) throw bad("control character in the start line");
        return new String(in, start, end - start, StandardCharsets.ISO_8859_1);
    }

    /// Three words of a line without control characters.
    static String[] startLine(String line) throws SipException {
        if (line.startsWith("SIP/2.0 ")) {
            boolean status = line.length() >= 12
                    && line.charAt(8) >= '1'
                    && line.charAt(8) <= '6'
                    && Tokens.number(line.substring(8, 11), 3) >= 0
                    && line.charAt(11) == ' ';
            if (!status) throw bad("status line");
            return new String[] {VERSION, line.substring(8, 11), line.substring(12)};
        }
        int first = line.indexOf(' '), second = line.indexOf(' ', first + 1);
        if (second < 0 || line.indexOf(' ', second + 1) >= 0) throw bad("request line");
        String method = line.substring(0, first), uri = line.substring(first + 1, second);
        if (!Tokens.isToken(method)) throw bad("method");
        checkUri(uri);
        String version = line.substring(second + 1);
        return new String[] {method, uri, version.equals(VERSION) ? VERSION : version};
    }

    private static void checkUri(String uri) throws SipException {
        if (uri.indexOf(':') < 1) throw bad("Request-URI");
        for (int i = 0; i < uri.length(); i++) {
            char c = uri.charAt(i);
            if (c > 0x7e || c == '<' || c == '>' || c == '"') throw bad("Request-URI");
        }
    }

    private void header(HeaderLines lines) throws SipException {
        int start = at, colon = at;
        while (colon < in.length && Tokens.isTokenChar(in[colon])) colon++;
        int nameEnd = colon;
        while (colon < in.length && (in[colon] == ' ' || in[colon] == '\t')) colon++;
        if (nameEnd == start || colon >= in.length || in[colon] != ':') throw bad("header name");
        int end = valueEnd(colon + 1);
        int valueStart = colon + 1, valueEnd = end;
        while (valueStart < valueEnd && isBlank(in[valueStart])) valueStart++;
        while (valueEnd > valueStart && isBlank(in[valueEnd - 1])) valueEnd--;
        at = end + 1;
        lines.add(HeaderName.of(in, start, nameEnd), start, valueStart, valueEnd, at);
    }

    // The LF that ends the value, folded lines included. A bare CR or a NUL would let the next hop see other headers
    // than we did.
    private int valueEnd(int from) throws SipException {
        for (int i = from; i < in.length; i++) {
            byte c = in[i];
            if (c == '\n') {
                if (i + 1 >= in.length || (in[i + 1] != ' ' && in[i + 1] != '\t')) return i;
            } else if (c == '\r' ? i + 1 < in.length && in[i + 1] != '\n' : isControl(c))
                throw bad("control character in a header");
        }
        throw bad("no end of a header line");
    }

    // Bytes of 0x80 and more are negative, and text.
    private static boolean isControl(byte c) {
        return c < 0x20 && c >= 0 && c != '\t' || c == 0x7f;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t' || b == '\r' || b == '\n';
    }

    private static SipException bad(String reason) {
        return new SipException(400, "Bad " + reason);
    }
}
