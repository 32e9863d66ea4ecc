package dev.starling.sip.transport;

import dev.starling.sip.message.SipMessage;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Optional;

/// Finds messages in a stream by Content-Length, which is mandatory there (RFC 3261, section 18.3). CRLF CRLF between
/// messages is a ping (RFC 5626, section 4.4.1).
///
/// Lines end and fold here as they do for the parser: two readings of one message would let a sender hide a second
/// message in a body.
final class Framing {
    private static final byte[] LONG = "content-length".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private final InputStream in;
    private final Runnable ping;
    private byte[] buffer = new byte[8192];
    private int from, to;

    Framing(InputStream in, Runnable ping) {
        this.in = in;
        this.ping = ping;
    }

    /// The next whole message; empty at the end of the stream. A stream that cannot be framed any more is an
    /// [IOException].
    Optional<byte[]> next() throws IOException {
        if (!skipPings()) return Optional.empty();
        int body = header();
        int length = body - from + contentLength(body);
        while (to - from < length) fill("cut off inside a body");
        byte[] message = Arrays.copyOfRange(buffer, from, from + length);
        from += length;
        return Optional.of(message);
    }

    /// False at the end of the stream.
    private boolean skipPings() throws IOException {
        int newlines = 0;
        while (true) {
            if (from == to && !more()) return false;
            byte c = buffer[from];
            if (c != '\r' && c != '\n') return true;
            from++;
            if (c == '\n' && ++newlines % 2 == 0) ping.run();
        }
    }

    /// Where the body begins: after the first empty line.
    private int header() throws IOException {
        int at = from;
        while (true) {
            while (at >= to) {
                int done = at - from;
                fill("cut off inside a message");
                at = from + done;
            }
            if (at - from > SipMessage.MAX_HEADER_BYTES) throw new IOException("header too long");
            if (buffer[at] == '\n' && at > from && endsEmptyLine(at)) return at + 1;
            at++;
        }
    }

    private boolean endsEmptyLine(int at) {
        byte before = buffer[at - 1];
        return before == '\n' || (before == '\r' && at - 2 >= from && buffer[at - 2] == '\n');
    }

    private int contentLength(int end) throws IOException {
        int length = -1;
        for (int start = from; start < end; ) {
            int next = start;
            while (buffer[next] != '\n') next++;
            int colon = nameEnd(start, next);
            if (colon >= 0) {
                int value = number(colon + 1, next);
                // A folded value would be read by the parser, but not here.
                if (length >= 0 || value < 0) throw new IOException("bad Content-Length");
                if (value > SipMessage.MAX_BYTES) throw new IOException("body too long");
                length = value;
            }
            start = next + 1;
        }
        if (length < 0) throw new IOException("no Content-Length on a stream");
        return length;
    }

    /// The colon after `Content-Length` or `l`, when the line that starts at `start` is one of these; else -1.
    private int nameEnd(int start, int end) {
        int at = start;
        while (at < end && at - start < LONG.length && lower(buffer[at]) == LONG[at - start]) at++;
        boolean named = at - start == LONG.length;
        if (!named && at == start && lower(buffer[start]) == 'l') {
            at = start + 1;
            named = true;
        }
        while (at < end && (buffer[at] == ' ' || buffer[at] == '\t')) at++;
        return named && at < end && buffer[at] == ':' ? at : -1;
    }

    private int number(int start, int end) {
        int first = start, last = end;
        while (first < last && isBlank(buffer[first])) first++;
        while (last > first && isBlank(buffer[last - 1])) last--;
        if (first == last || last - first > 6) return -1;
        int value = 0;
        for (int i = first; i < last; i++) {
            if (buffer[i] < '0' || buffer[i] > '9') return -1;
            value = value * 10 + (buffer[i] - '0');
        }
        return value;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t' || b == '\r';
    }

    private static int lower(byte b) {
        return b >= 'A' && b <= 'Z' ? b + 32 : b;
    }

    private void fill(String why) throws IOException {
        if (!more()) throw new EOFException(why);
    }

    /// Reads what is there, after making room: one header and one body at most are kept.
    private boolean more() throws IOException {
        if (from == to) from = to = 0;
        if (to == buffer.length) {
            if (from > 0) {
                System.arraycopy(buffer, from, buffer, 0, to - from);
                to -= from;
                from = 0;
            } else buffer = Arrays.copyOf(buffer, buffer.length * 2);
        }
        int read = in.read(buffer, to, buffer.length - to);
        if (read > 0) to += read;
        return read > 0;
    }
}
