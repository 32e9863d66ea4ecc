package dev.starling.sip.message;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Builds a message: from nothing, or from a received one whose untouched header lines are copied byte for byte.
public final class Edit {
    private static final byte[] END = {'\r', '\n'};

    /// Header lines of a message, and some more.
    private static final int USUAL = 16;

    private sealed interface Part {
        /// The header's long name in lower case.
        String canonical();
    }

    /// One line of a received message.
    private record Copied(SipMessage.Parsed in, int line, byte[] from) implements Part {
        @Override
        public String canonical() {
            return in.lines().name(line);
        }

        int length() {
            return in.lines().end(line) - in.lines().start(line);
        }

        // Folded lines go out in one piece: RFC 3261, section 7.3.1.
        boolean isFolded() {
            for (int i = in.lines().start(line); i < in.lines().valueEnd(line); i++) if (from[i] == '\n') return true;
            return false;
        }
    }

    /// @param plain a parser finds exactly this name and this value in the line
    private record Written(String name, String value, String canonical, boolean plain) implements Part {
        int length() {
            return name.length() + value.length() + 4;
        }
    }

    private final List<Part> parts = new ArrayList<>(USUAL);
    private String start;

    /// What follows from the parts is what a parser would find.
    private boolean plain = true;

    private byte[] body = new byte[0];

    private Edit(String start) {
        this.start = start;
    }

    Edit(byte[] bytes, SipMessage.Parsed parsed) {
        this(String.join(" ", parsed.startLine()));
        for (int i = 0; i < parsed.lines().size(); i++) add(new Copied(parsed, i, bytes));
        body = Arrays.copyOfRange(bytes, parsed.bodyStart(), bytes.length);
    }

    public static Edit request(String method, String uri) {
        var request = new Edit(method + " " + uri + " SIP/2.0");
        request.plain = isPlain(uri) && isPlain(method);
        return request;
    }

    /// An answer to `request`, with Via, From, To, Call-ID and CSeq as RFC 3261, section 8.2.6, says. `toTag` is
    /// added when To has none and the status is not 100.
    public static Edit response(SipMessage request, int status, String reason, String toTag) {
        var answer = new Edit("SIP/2.0 " + status + " " + reason);
        answer.plain = isPlain(reason);
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
        copy.plain = plain;
        copy.body = body.clone();
        return copy;
    }

    public Edit uri(String uri) {
        plain &= isPlain(uri);
        int first = start.indexOf(' '), last = start.lastIndexOf(' ');
        start = start.substring(0, first + 1) + uri + start.substring(last);
        return this;
    }

    public Edit add(String name, String value) {
        return add(checked(name, value));
    }

    public Edit prepend(String name, String value) {
        parts.addFirst(checked(name, value));
        return this;
    }

    public Edit set(String name, String value) {
        return remove(name).add(name, value);
    }

    public Edit addIfAbsent(String name, String value) {
        String canonical = HeaderName.canonical(name);
        for (Part part : parts) if (part.canonical().equals(canonical)) return this;
        return add(name, value);
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
        for (int i = 0; i < rest.size(); i++) parts.add(Math.min(at + i, parts.size()), checked(name, rest.get(i)));
        return this;
    }

    public Edit body(String type, byte[] bytes) {
        body = bytes.clone();
        return type.isEmpty() ? this : set("Content-Type", type);
    }

    public byte[] toBytes() {
        return new Writing().message();
    }

    /// The message as others will read it. What is written here needs no parser to be found again: where each line lies
    /// is known, and what each says. What it must say is looked at as in a message of somebody else.
    public SipMessage build() throws SipException {
        var writing = new Writing();
        byte[] bytes = writing.message();
        SipMessage.Parsed parsed = plain ? writing.parsed() : null;
        var message = parsed == null ? SipMessage.received(bytes) : new SipMessage(bytes, parsed);
        message.validate();
        return message;
    }

    /// One pass over the parts, into bytes of the right length.
    private final class Writing {
        private final List<Part> all = new ArrayList<>(parts.size() + 1);
        private final HeaderLines lines = new HeaderLines(parts.size() + 1);
        private final @Nullable String[] values = new String[parts.size() + 1];
        private byte[] out = {};
        private int at;

        byte[] message() {
            int length = start.length() + 2 * END.length + body.length;
            for (Part part : parts) {
                if (part.canonical().equals("content-length")) continue;
                Part whole = part instanceof Copied copied && copied.isFolded() ? unfolded(copied) : part;
                all.add(whole);
                length += length(whole);
            }
            all.add(new Written("Content-Length", String.valueOf(body.length), "content-length", true));
            out = new byte[length + length(all.getLast())];
            write(start);
            write(END);
            for (int i = 0; i < all.size(); i++) {
                switch (all.get(i)) {
                    case Copied copied -> copy(copied, i);
                    case Written written -> write(written, i);
                }
            }
            write(END);
            write(body);
            return out;
        }

        private static int length(Part part) {
            return switch (part) {
                case Copied copied -> copied.length();
                case Written written -> written.length();
            };
        }

        private static Written unfolded(Copied part) {
            HeaderLines lines = part.in.lines();
            int start = lines.start(part.line), end = lines.valueEnd(part.line);
            String line = Tokens.unfold(new String(part.from, start, end - start, StandardCharsets.ISO_8859_1));
            int colon = line.indexOf(':');
            return written(
                    line.substring(0, colon).strip(), line.substring(colon + 1).strip());
        }

        private void copy(Copied part, int line) {
            HeaderLines from = part.in.lines();
            int moved = at - from.start(part.line), end = from.end(part.line) + moved;
            lines.add(part.canonical(), at, from.valueStart(part.line) + moved, from.valueEnd(part.line) + moved, end);
            values[line] = part.in.values()[part.line];
            System.arraycopy(part.from, from.start(part.line), out, at, part.length());
            at = end;
        }

        private void write(Written part, int line) {
            int from = at;
            write(part.name);
            out[at++] = ':';
            out[at++] = ' ';
            int value = at;
            write(part.value);
            lines.add(part.canonical, from, value, at, at + END.length);
            values[line] = part.value;
            write(END);
        }

        private void write(String text) {
            for (int i = 0; i < text.length(); i++) out[at++] = (byte) text.charAt(i);
        }

        private void write(byte[] bytes) {
            System.arraycopy(bytes, 0, out, at, bytes.length);
            at += bytes.length;
        }

        /// What a parser finds in it; null when it must look itself, because it would refuse it.
        SipMessage.@Nullable Parsed parsed() throws SipException {
            int size = lines.size();
            boolean taken = size <= SipMessage.MAX_LINES
                    && lines.start(size - 1) <= SipMessage.MAX_HEADER_BYTES
                    && out.length <= SipMessage.MAX_BYTES;
            if (!taken) return null;
            return new SipMessage.Parsed(Parser.startLine(start), lines, out.length - body.length, values);
        }
    }

    private Edit add(Part part) {
        parts.add(part);
        return this;
    }

    // A value cannot start another line, whoever wrote it, nor lose characters that Latin-1 does not have.
    private Written checked(String name, String value) {
        Written part = written(name, value);
        plain &= part.plain;
        return part;
    }

    private static Written written(String name, String value) {
        boolean plain = Tokens.isToken(name)
                && (value.isEmpty() || !isBlank(value.charAt(0)) && !isBlank(value.charAt(value.length() - 1)));
        return new Written(name, value, HeaderName.canonical(name), isPlain(value) && plain);
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    /// Without control characters, which a parser refuses.
    private static boolean isPlain(String value) {
        boolean plain = true;
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '\r' || c == '\n') throw new IllegalArgumentException("line break in a header");
            if (c > 0xff) throw new IllegalArgumentException("not Latin-1 in a header");
            plain &= c >= 0x20 && c != 0x7f || c == '\t';
        }
        return plain;
    }
}
