package dev.starling.sip.message;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A SIP message as received: the bytes, and where each header line lies in them. Values are decoded when asked for;
/// an edit copies untouched lines byte for byte (RFC 3261, section 7).
///
/// Header values are read as ISO 8859-1, so that every byte survives; bodies are bytes.
public final class SipMessage {
    public static final int MAX_BYTES = 65_535;
    public static final int MAX_LINES = 128;

    /// The same on every transport: what one hop takes, the next takes too.
    public static final int MAX_HEADER_BYTES = 24 * 1024;

    /// What the parser found. Values that were asked for are kept by line, and so is what several ask for in them;
    /// several threads may write the same one.
    static final class Parsed {
        private final String[] startLine;
        private final HeaderLines lines;
        private final int bodyStart, status;
        private final @Nullable String[] values;
        private @Nullable String topVia, branch, cseqMethod, fromTag, toTag;
        private @Nullable NameAddr from, to;

        /// @param startLine its three words
        /// @param values by line, as far as they were asked for
        Parsed(String[] startLine, HeaderLines lines, int bodyStart, @Nullable String[] values) {
            this.startLine = startLine;
            this.lines = lines;
            this.bodyStart = bodyStart;
            this.values = values;
            status = startLine[0].equals("SIP/2.0") ? Integer.parseInt(startLine[1]) : 0;
        }

        Parsed(String[] startLine, HeaderLines lines, int bodyStart) {
            this(startLine, lines, bodyStart, new String[lines.size()]);
        }

        String[] startLine() {
            return startLine;
        }

        HeaderLines lines() {
            return lines;
        }

        int bodyStart() {
            return bodyStart;
        }

        @Nullable
        String[] values() {
            return values;
        }
    }

    private final byte[] bytes;
    private volatile @Nullable Parsed parsed;

    SipMessage(byte[] bytes, Parsed parsed) {
        this.bytes = bytes;
        this.parsed = parsed;
    }

    private Parsed parsed() {
        Parsed there = parsed;
        if (there != null) return there;
        try {
            there = Parser.parsed(bytes);
        } catch (SipException e) {
            throw new IllegalStateException("was read before", e);
        }
        parsed = there;
        return there;
    }

    /// Gives back all but the bytes, for one that is kept by thousands in case it must be sent again; it is read anew
    /// when somebody asks after all.
    public void rest() {
        parsed = null;
    }

    /// Reads and validates one whole message; a [SipException] of 400 says what is wrong.
    public static SipMessage parse(byte[] bytes) throws SipException {
        SipMessage message = read(bytes);
        message.validate();
        return message;
    }

    /// Reads one message that has the form of one, without looking at what it says: so that a bad request can be
    /// answered. Nothing else may be done with it before [#validate].
    public static SipMessage read(byte[] bytes) throws SipException {
        return Parser.read(bytes);
    }

    /// As [#read], of bytes that are the message's from now on: nobody may change them.
    public static SipMessage received(byte[] bytes) throws SipException {
        return Parser.own(bytes);
    }

    public void validate() throws SipException {
        Validity.check(this);
    }

    public boolean isRequest() {
        return parsed().status == 0;
    }

    public String method() {
        Parsed in = parsed();
        return in.status == 0 ? in.startLine[0] : cseqMethod();
    }

    /// The Request-URI.
    public String uri() {
        return parsed().startLine[1];
    }

    /// The status of a response, 0 of a request.
    public int status() {
        return parsed().status;
    }

    /// The last word of a request line, `SIP/2.0` in a valid message.
    String version() {
        return parsed().startLine[2];
    }

    public String reason() {
        return isRequest() ? "" : parsed().startLine[2];
    }

    /// The first line's value of a header, long name.
    public Optional<String> first(String name) {
        Parsed in = parsed();
        int line = in.lines.next(name, 0);
        return line < 0 ? Optional.empty() : Optional.of(value(in, line));
    }

    public String required(String name) {
        Parsed in = parsed();
        int line = in.lines.next(name, 0);
        return line < 0 ? "" : value(in, line);
    }

    /// Every line's value of a header, in order.
    public List<String> all(String name) {
        Parsed in = parsed();
        var all = new ArrayList<String>();
        for (int at = in.lines.next(name, 0); at >= 0; at = in.lines.next(name, at + 1)) all.add(value(in, at));
        return all;
    }

    /// The elements of a header whose lines may hold comma-separated lists (RFC 3261, section 7.3.1).
    public List<String> elements(String name) {
        Parsed in = parsed();
        var all = new ArrayList<String>();
        for (int at = in.lines.next(name, 0); at >= 0; at = in.lines.next(name, at + 1))
            all.addAll(Tokens.split(value(in, at), ','));
        return all;
    }

    /// Refuses a second line of one of these headers.
    void checkOnce(Set<String> names) throws SipException {
        HeaderLines lines = parsed().lines;
        for (int i = 0; i < lines.size(); i++) {
            String name = lines.name(i);
            if (names.contains(name) && lines.next(name, i + 1) >= 0)
                throw new SipException(400, "Bad " + name + " twice");
        }
    }

    private String value(Parsed in, int line) {
        String value = in.values[line];
        if (value != null) return value;
        int start = in.lines.valueStart(line), end = in.lines.valueEnd(line);
        value = Tokens.unfold(new String(bytes, start, end - start, StandardCharsets.ISO_8859_1));
        in.values[line] = value;
        return value;
    }

    public byte[] body() {
        return Arrays.copyOfRange(bytes, parsed().bodyStart, bytes.length);
    }

    public int bodyLength() {
        return bytes.length - parsed().bodyStart;
    }

    /// Of the whole message, in bytes.
    public int length() {
        return bytes.length;
    }

    public String callId() {
        return required("call-id");
    }

    public long cseq() {
        String value = required("cseq");
        return Tokens.number(value.substring(0, Tokens.blank(value)), 10);
    }

    public String cseqMethod() {
        Parsed in = parsed();
        String method = in.cseqMethod;
        if (method != null) return method;
        String value = required("cseq");
        method = value.substring(Tokens.blank(value)).trim();
        in.cseqMethod = method;
        return method;
    }

    public NameAddr from() throws SipException {
        Parsed in = parsed();
        NameAddr from = in.from;
        if (from != null) return from;
        from = NameAddr.parse(required("from"));
        in.from = from;
        return from;
    }

    public NameAddr to() throws SipException {
        Parsed in = parsed();
        NameAddr to = in.to;
        if (to != null) return to;
        to = NameAddr.parse(required("to"));
        in.to = to;
        return to;
    }

    /// A header that holds a number, which [#validate] has checked.
    public long number(String name, long otherwise) {
        return first(name).map(value -> Tokens.number(value, 10)).orElse(otherwise);
    }

    public Optional<String> fromTag() {
        Parsed in = parsed();
        String tag = in.fromTag;
        if (tag == null) {
            tag = Tokens.parameter(required("from"), "tag").orElse("");
            in.fromTag = tag;
        }
        return tag.isEmpty() ? Optional.empty() : Optional.of(tag);
    }

    public Optional<String> toTag() {
        Parsed in = parsed();
        String tag = in.toTag;
        if (tag == null) {
            tag = Tokens.parameter(required("to"), "tag").orElse("");
            in.toTag = tag;
        }
        return tag.isEmpty() ? Optional.empty() : Optional.of(tag);
    }

    public String topVia() {
        Parsed in = parsed();
        String via = in.topVia;
        if (via != null) return via;
        via = Tokens.head(required("via"), ',');
        in.topVia = via;
        return via;
    }

    public String branch() {
        Parsed in = parsed();
        String branch = in.branch;
        if (branch != null) return branch;
        branch = Tokens.parameter(topVia(), "branch").orElse("");
        in.branch = branch;
        return branch;
    }

    public boolean hasSdp() {
        return first("content-type")
                        .map(t -> Tokens.head(t, ';').equalsIgnoreCase("application/sdp"))
                        .orElse(false)
                && bodyLength() > 0;
    }

    /// A copy to change.
    public Edit edit() {
        return new Edit(bytes, parsed());
    }

    public byte[] bytes() {
        return bytes.clone();
    }

    /// The bytes themselves, for what sends them and for what keeps them to send them again: nobody may change them.
    public byte[] wire() {
        return bytes;
    }

    /// The bytes, in which the values of these headers (long names, lower case) are overwritten with `x`: nothing
    /// moves, and Content-Length stays true.
    public byte[] masked(Set<String> names) {
        byte[] masked = bytes.clone();
        HeaderLines lines = parsed().lines;
        for (int at = 0; at < lines.size(); at++) {
            if (!names.contains(lines.name(at))) continue;
            for (int i = lines.valueStart(at); i < lines.valueEnd(at); i++)
                if (masked[i] > ' ' || masked[i] < 0) masked[i] = 'x';
        }
        return masked;
    }

    /// For the log: the method, the id of the call and nothing else, whatever the message is like.
    @Override
    public String toString() {
        String call = " of call " + first("call-id").map(Tokens::shown).orElse("unknown");
        if (isRequest()) return Tokens.shown(method()) + call;
        return status() + " to "
                + first("cseq")
                        .map(value -> Tokens.shown(value.substring(value.lastIndexOf(' ') + 1)))
                        .orElse("nothing")
                + call;
    }
}
