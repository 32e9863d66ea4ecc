package dev.starling.sip.message;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Builds a message: from nothing, or from a received one whose untouched header lines are copied byte for byte.
public final class Edit {
    private sealed interface Part {
        /// The header's long name in lower case.
        String canonical();
    }

    private record Copied(HeaderLines lines, int line, byte[] from) implements Part {
        @Override
        public String canonical() {
            return lines.name(line);
        }
    }

    private record Written(String name, String value, String canonical) implements Part {}

    private final List<Part> parts = new ArrayList<>();
    private String start;
    private byte[] body = new byte[0];

    private Edit(String start) {
        this.start = start;
    }

    Edit(byte[] bytes, SipMessage.Parsed parsed) {
        this(String.join(" ", parsed.startLine()));
        for (int i = 0; i < parsed.lines().size(); i++) parts.add(new Copied(parsed.lines(), i, bytes));
        body = Arrays.copyOfRange(bytes, parsed.bodyStart(), bytes.length);
    }

    public static Edit request(String method, String uri) {
        written("Request-URI", uri);
        return new Edit(method + " " + uri + " SIP/2.0");
    }

    /// An answer to `request`, with Via, From, To, Call-ID and CSeq as RFC 3261, section 8.2.6, says. `toTag` is
    /// added when To has none and the status is not 100.
    public static Edit response(SipMessage request, int status, String reason, String toTag) {
        written("Reason-Phrase", reason);
        var answer = new Edit("SIP/2.0 " + status + " " + reason);
        for (String via : request.all("via")) answer.add("Via", via);
        answer.add("From", request.required("from"));
        boolean tagged = request.toTag().isPresent() || status == 100;
        answer.add("To", request.required("to") + (tagged ? "" : ";tag=" + toTag));
        answer.add("Call-ID", request.callId());
        answer.add("CSeq", request.required("cseq"));
        return answer;
    }

    /// The same once more, to be changed apart from this one.
    public Edit copy() {
        var copy = new Edit(start);
        copy.parts.addAll(parts);
        copy.body = body.clone();
        return copy;
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

    public Edit addIfAbsent(String name, String value) {
        String canonical = HeaderName.canonical(name);
        return parts.stream().anyMatch(part -> part.canonical().equals(canonical)) ? this : add(name, value);
    }

    public Edit remove(String name) {
        String canonical = HeaderName.canonical(name);
        parts.removeIf(part -> part.canonical().equals(canonical));
        return this;
    }

    /// Removes the first `count` elements of a comma-separated header, or replaces the first one by `with` when that
    /// is not empty.
    public Edit dropElements(String name, List<String> elements, int count, String with) {
        String canonical = HeaderName.canonical(name);
        int at = 0;
        while (at < parts.size() && !parts.get(at).canonical().equals(canonical)) at++;
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

    public byte[] toBytes() {
        var out = new ByteArrayOutputStream(1024 + body.length);
        write(out, start + "\r\n");
        for (Part part : parts) {
            if (part.canonical().equals("content-length")) continue;
            switch (part) {
                case Copied(var lines, int line, var from) -> copy(out, lines, line, from);
                case Written(var name, var value, var _) -> write(out, name + ": " + value + "\r\n");
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
    private static void copy(ByteArrayOutputStream out, HeaderLines lines, int line, byte[] from) {
        int start = lines.start(line), end = lines.valueEnd(line);
        boolean folded = false;
        for (int i = start; i < end && !folded; i++) folded = from[i] == '\n';
        if (folded)
            write(out, Tokens.unfold(new String(from, start, end - start, StandardCharsets.ISO_8859_1)) + "\r\n");
        else out.write(from, start, lines.end(line) - start);
    }

    // A value cannot start another line, whoever wrote it, nor lose characters that Latin-1 does not have.
    private static Written written(String name, String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '\r' || c == '\n') throw new IllegalArgumentException("line break in a header");
            if (c > 0xff) throw new IllegalArgumentException("not Latin-1 in a header");
        }
        return new Written(name, value, HeaderName.canonical(name));
    }

    private static void write(ByteArrayOutputStream out, String line) {
        out.writeBytes(line.getBytes(StandardCharsets.ISO_8859_1));
    }
}
