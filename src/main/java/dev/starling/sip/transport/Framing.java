package dev.starling.sip.transport;

import dev.starling.sip.message.SipMessage;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Optional;

/// Finds messages in a stream by Content-Length, which is mandatory there (RFC 3261, section 18.3). CRLF CRLF between
/// messages is a ping (RFC 5626, section 4.4.1).
final class Framing {
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
        int declared = ContentLength.of(buffer, from, body);
        if (declared < 0) throw new IOException("no Content-Length on a stream");
        int length = body - from + declared;
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
            if (ContentLength.endsHeader(buffer, from, at)) return at + 1;
            at++;
        }
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
