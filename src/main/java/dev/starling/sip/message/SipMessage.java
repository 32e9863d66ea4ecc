package dev.starling.sip.message;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

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
        return Parser.parse(bytes);
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
        return lines.stream().filter(l -> l.name.equals(name)).map(this::value).toList();
    }

    /// The elements of a header whose lines may hold comma-separated lists (RFC 3261, section 7.3.1).
    public List<String> elements(String name) {
        var all = new ArrayList<String>();
        for (String value : all(name)) all.addAll(Tokens.split(value, ','));
        return all;
    }

    int count(String name) {
        return (int) lines.stream().filter(l -> l.name.equals(name)).count();
    }

    private String value(Line line) {
        return Tokens.unfold(
                new String(bytes, line.valueStart, line.valueEnd - line.valueStart, StandardCharsets.ISO_8859_1));
    }

    public byte[] body() {
        return Arrays.copyOfRange(bytes, bodyStart, bytes.length);
    }

    public String callId() {
        return required("call-id");
    }

    public long cseq() {
        String value = required("cseq");
        return Long.parseLong(value.substring(0, Tokens.blank(value)));
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

    public Optional<String> fromTag() {
        return Tokens.parameter(required("from"), "tag");
    }

    public Optional<String> toTag() {
        return Tokens.parameter(required("to"), "tag");
    }

    public String topVia() {
        return elements("via").stream().findFirst().orElse("");
    }

    public String branch() {
        return Tokens.parameter(topVia(), "branch").orElse("");
    }

    public boolean hasSdp() {
        return first("content-type")
                        .map(t -> t.split(";")[0].trim().equalsIgnoreCase("application/sdp"))
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

    @Override
    public String toString() {
        return isRequest() ? method() + " " + callId() : status() + " " + cseqMethod() + " " + callId();
    }
}
