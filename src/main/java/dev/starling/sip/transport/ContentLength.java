package dev.starling.sip.transport;

import dev.starling.sip.message.SipMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Finds where a header ends and how long the body is to be (RFC 3261, section 18.3).
///
/// Lines end and fold here as they do for the parser: two readings of one message would let a sender hide a second
/// message in a body.
final class ContentLength {
    private static final byte[] LONG = "content-length".getBytes(StandardCharsets.US_ASCII);

    private ContentLength() {}

    /// Whether the LF at `at` ends the empty line between header and body of what begins at `from`.
    static boolean endsHeader(byte[] in, int from, int at) {
        if (in[at] != '\n' || at == from) return false;
        return in[at - 1] == '\n' || (in[at - 1] == '\r' && at - 2 >= from && in[at - 2] == '\n');
    }

    /// What the header in `in[from, end)` says; -1 when it says nothing. What two readers could understand in two ways
    /// is an [IOException].
    static int of(byte[] in, int from, int end) throws IOException {
        int length = -1;
        for (int start = from; start < end; ) {
            int next = start;
            while (in[next] != '\n') next++;
            int colon = nameEnd(in, start, next);
            if (colon >= 0) {
                int value = number(in, colon + 1, next);
                // A folded value would be read by the parser, but not here.
                if (length >= 0 || value < 0) throw new IOException("bad Content-Length");
                if (value > SipMessage.MAX_BYTES) throw new IOException("body too long");
                length = value;
            }
            start = next + 1;
        }
        return length;
    }

    /// The message of a datagram: what follows the body is cut off, as section 18.3 says. What has no end, or another
    /// length than it says, stays as it is: the parser refuses it, with a reason.
    static byte[] cut(byte[] datagram) {
        int at = 0, body = -1;
        while (at < datagram.length && (datagram[at] == '\r' || datagram[at] == '\n')) at++;
        while (at < datagram.length) {
            int end = at;
            while (end < datagram.length && datagram[end] != '\n') end++;
            if (end == datagram.length) break;
            if (end == at || end == at + 1 && datagram[at] == '\r') {
                long whole = end + 1L + body;
                return body >= 0 && whole < datagram.length ? Arrays.copyOf(datagram, (int) whole) : datagram;
            }
            int colon = nameEnd(datagram, at, end);
            if (colon >= 0) {
                int value = number(datagram, colon + 1, end);
                if (body >= 0 || value < 0 || value > SipMessage.MAX_BYTES) break;
                body = value;
            }
            at = end + 1;
        }
        return datagram;
    }

    /// The colon after `Content-Length` or `l`, when the line that starts at `start` is one of these; else -1.
    private static int nameEnd(byte[] in, int start, int end) {
        int at = start;
        while (at < end && at - start < LONG.length && lower(in[at]) == LONG[at - start]) at++;
        boolean named = at - start == LONG.length;
        if (!named && at == start && lower(in[start]) == 'l') {
            at = start + 1;
            named = true;
        }
        while (at < end && (in[at] == ' ' || in[at] == '\t')) at++;
        return named && at < end && in[at] == ':' ? at : -1;
    }

    private static int number(byte[] in, int start, int end) {
        int first = start, last = end;
        while (first < last && isBlank(in[first])) first++;
        while (last > first && isBlank(in[last - 1])) last--;
        if (first == last || last - first > 6) return -1;
        int value = 0;
        for (int i = first; i < last; i++) {
            if (in[i] < '0' || in[i] > '9') return -1;
            value = value * 10 + (in[i] - '0');
        }
        return value;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t' || b == '\r';
    }

    private static int lower(byte b) {
        return b >= 'A' && b <= 'Z' ? b + 32 : b;
    }
}
