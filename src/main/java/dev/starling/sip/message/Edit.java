package dev.starling.sip.message;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Builds a message: from nothing, or from a received one whose untouched header lines are copied byte for byte.
public final class Edit {
    private sealed interface Part {}

    private record Copied(SipMessage.Line line, byte[] from) implements Part {}

    private record Written(String name, String value) implements Part {}

    private final List<Part> parts = new ArrayList<>();
    private String start;
    private byte[] body = new byte[0];

    private Edit(String start) {
        this.start = start;
    }

    Edit(byte[] bytes, String[] startLine, List<SipMessage.Line> lines, int bodyStart) {
        this(startLine[0] + " " + startLine[1] + " " + startLine[2]);
        for (var line : lines) parts.add(new Copied(line, bytes));
        body = java.util.Arrays.copyOfRange(bytes, bodyStart, bytes.length);
    }

    public static Edit request(String method, String uri) {
        written("Request-URI", uri);
        return new Edit(method + " " + uri + " SIP/2.0");
    }

    /// An answer to `request`, with Via, From, To, Call-ID and CSeq as RFC 3261, section 8.2.6, says. `toTag` is
    /// added when To has none and the status is not 100.
    public static Edit response(SipMessage request, int status, String reason, String toTag) {
        var answer = new Edit("SIP/2.0 " + status + " " + reason);
        for (String via : request.all("via")) answer.add("Via", via);
        answer.add("From", request.required("from"));
        boolean tagged = request.toTag().isPresent() || status == 100;
        answer.add("To", request.required("to") + (tagged ? "" : ";tag=" + toTag));
        answer.add("Call-ID", request.callId());
        answer.add("CSeq", request.required("cseq"));
        return answer;
    }

    public Edit uri(String uri) {
        written("Request-URI", uri);
        int first = start.indexOf(' '), last = start.lastIndexOf(' ');
        start = start.substring(0, first + 1) + uri + start.substring(last);
        return this;
    }

    public Edit add(String name, String value) {
        parts.add(written(name, value));
        return this;
    }

    public Edit prepend(String name, String value) {
        parts.addFirst(written(name, value));
        return this;
    }

    public Edit set(String name, String value) {
        return remove(name).add(name, value);
    }

    public Edit remove(String name) {
        parts.removeIf(part -> is(part, name));
        return this;
    }

    /// Removes the first `count` elements of a comma-separated header, or replaces the first one by `with` when that
    /// is not empty.
    public Edit dropElements(String name, List<String> elements, int count, String with) {
        int at = 0;
        while (at < parts.size() && !is(parts.get(at), name)) at++;
        remove(name);
        var rest = new ArrayList<>(elements.subList(Math.min(count, elements.size()), elements.size()));
        if (!with.isEmpty()) rest.addFirst(with);
        for (int i = 0; i < rest.size(); i++) parts.add(Math.min(at + i, parts.size()), written(name, rest.get(i)));
        return this;
    }

    public Edit body(String type, byte[] bytes) {
        body = bytes.clone();
        return type.isEmpty() ? this : set("Content-Type", type);
    }

    private static boolean is(Part part, String name) {
        String canonical = name.toLowerCase(Locale.ROOT);
        return switch (part) {
            case Copied(var line, var _) -> line.name().equals(canonical);
            case Written(var written, var _) -> written.toLowerCase(Locale.ROOT).equals(canonical);
        };
    }

    public byte[] toBytes() {
        var out = new ByteArrayOutputStream();
        write(out, start + "\r\n");
        for (Part part : parts) {
            if (is(part, "content-length")) continue;
            switch (part) {
                case Copied(var line, var from) -> copy(out, line, from);
                case Written(var name, var value) -> write(out, name + ": " + value + "\r\n");
            }
        }
        write(out, "Content-Length: " + body.length + "\r\n\r\n");
        out.writeBytes(body);
        return out.toByteArray();
    }

    /// The message as others will read it.
    public SipMessage build() throws SipException {
        return SipMessage.parse(toBytes());
    }

    // Byte for byte, but folded lines go out in one piece: RFC 3261, section 7.3.1.
    private static void copy(ByteArrayOutputStream out, SipMessage.Line line, byte[] from) {
        String text = new String(from, line.start(), line.end() - line.start(), StandardCharsets.ISO_8859_1);
        boolean folded = text.strip().indexOf('\n') >= 0;
        if (folded) write(out, Tokens.unfold(text.stripTrailing()) + "\r\n");
        else out.write(from, line.start(), line.end() - line.start());
    }

    // A value cannot start another line, whoever wrote it.
    private static Written written(String name, String value) {
        if (value.indexOf('\r') >= 0 || value.indexOf('\n') >= 0)
            throw new IllegalArgumentException("line break in a header");
        return new Written(name, value);
    }

    private static void write(ByteArrayOutputStream out, String line) {
        out.writeBytes(line.getBytes(StandardCharsets.ISO_8859_1));
    }
}
