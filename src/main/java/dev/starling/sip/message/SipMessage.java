package dev.starling.sip.message;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A SIP message as received: the bytes, and where each header line lies in them. Values are decoded when asked for;
/// an edit copies untouched lines byte for byte (RFC 3261, section 7).
///
/// Header values are read as ISO 8859-1, so that every byte survives; bodies are bytes.
public final class SipMessage {
    public static final int MAX_BYTES = 65_535;
    public static final int MAX_LINES = 128;

    /// The same on every transport: what one hop takes, the next takes too.
    public static final int MAX_HEADER_BYTES = 24 * 1024;

    /// Offsets of one header line: the whole line, and its value without surrounding blanks.
    record Line(String name, int start, int valueStart, int valueEnd, int end) {}

    private final byte[] bytes;
    private final String[] startLine;
    private final List<Line> lines;
    private final int bodyStart;

    SipMessage(byte[] bytes, String[] startLine, List<Line> lines, int bodyStart) {
        this.bytes = bytes;
        this.startLine = startLine;
        this.lines = lines;
        this.bodyStart = bodyStart;
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

    public void validate() throws SipException {
        Validity.check(this);
    }

    public boolean isRequest() {
        return !startLine[0].equals("SIP/2.0");
    }

    public String method() {
        return isRequest() ? startLine[0] : cseqMethod();
    }

    /// The Request-URI.
    public String uri() {
        return startLine[1];
    }

    /// The status of a response, 0 of a request.
    public int status() {
        return isRequest() ? 0 : Integer.parseInt(startLine[1]);
    }

    /// The last word of a request line, `SIP/2.0` in a valid message.
    String version() {
        return startLine[2];
    }

    public String reason() {
        return isRequest() ? "" : startLine[2];
    }

    /// The first line's value of a header, long name.
    public Optional<String> first(String name) {
        for (Line line : lines) if (line.name.equals(name)) return Optional.of(value(line));
        return Optional.empty();
    }

    public String required(String name) {
        return first(name).orElse("");
    }

    /// Every line's value of a header, in order.
    public List<String> all(String name) {
        var all = new ArrayList<String>();
        for (Line line : lines) if (line.name.equals(name)) all.add(value(line));
        return all;
    }

    /// The elements of a header whose lines may hold comma-separated lists (RFC 3261, section 7.3.1).
    public List<String> elements(String name) {
        var all = new ArrayList<String>();
        for (Line line : lines) if (line.name.equals(name)) all.addAll(Tokens.split(value(line), ','));
        return all;
    }

    /// Refuses a second line of one of these headers.
    void checkOnce(Set<String> names) throws SipException {
        for (int i = 0; i < lines.size(); i++) {
            String name = lines.get(i).name;
            if (!names.contains(name)) continue;
            for (int j = i + 1; j < lines.size(); j++)
                if (lines.get(j).name.equals(name)) throw new SipException(400, "Bad " + name + " twice");
        }
    }

    private String value(Line line) {
        return Tokens.unfold(
                new String(bytes, line.valueStart, line.valueEnd - line.valueStart, StandardCharsets.ISO_8859_1));
    }

    public byte[] body() {
        return Arrays.copyOfRange(bytes, bodyStart, bytes.length);
    }

    public int bodyLength() {
        return bytes.length - bodyStart;
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
        String value = required("cseq");
        return value.substring(Tokens.blank(value)).trim();
    }

    public NameAddr from() throws SipException {
        return NameAddr.parse(required("from"));
    }

    public NameAddr to() throws SipException {
        return NameAddr.parse(required("to"));
    }

    /// A header that holds a number, which [#validate] has checked.
    public long number(String name, long otherwise) {
        return first(name).map(value -> Tokens.number(value, 10)).orElse(otherwise);
    }

    public Optional<String> fromTag() {
        return tag("from");
    }

    public Optional<String> toTag() {
        return tag("to");
    }

    private Optional<String> tag(String name) {
        return Tokens.parameter(required(name), "tag").filter(tag -> !tag.isEmpty());
    }

    public String topVia() {
        return Tokens.head(required("via"), ',');
    }

    public String branch() {
        return Tokens.parameter(topVia(), "branch").orElse("");
    }

    public boolean hasSdp() {
        return first("content-type")
                        .map(t -> Tokens.head(t, ';').equalsIgnoreCase("application/sdp"))
                        .orElse(false)
                && bodyStart < bytes.length;
    }

    /// A copy to change.
    public Edit edit() {
        return new Edit(bytes, startLine, lines, bodyStart);
    }

    public byte[] bytes() {
        return bytes.clone();
    }

    /// The bytes, in which the values of these headers (long names, lower case) are overwritten with `x`: nothing
    /// moves, and Content-Length stays true.
    public byte[] masked(Set<String> names) {
        byte[] masked = bytes.clone();
        for (Line line : lines) {
            if (!names.contains(line.name)) continue;
            for (int i = line.valueStart; i < line.valueEnd; i++) if (masked[i] > ' ' || masked[i] < 0) masked[i] = 'x';
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
