package dev.starling.sip.transport;

import dev.starling.sip.message.SipMessage;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Finds messages in a stream by Content-Length, which is mandatory there (RFC 3261, section 18.3). CRLF CRLF between
/// messages is a ping (RFC 5626, section 4.4.1).
final class Framing {
    private static final int MAX_HEADER = 32 * 1024;

    private final InputStream in;
    private final Runnable ping;

    Framing(InputStream in, Runnable ping) {
        this.in = in;
        this.ping = ping;
    }

    /// The next whole message; empty at the end of the stream. A stream that cannot be framed any more is an
    /// [IOException].
    Optional<byte[]> next() throws IOException {
        var head = new ByteArrayOutputStream();
        int newlines = 0, leading = 0;
        while (true) {
            int c = in.read();
            if (c < 0) {
                if (head.size() == 0) return Optional.empty();
                throw new EOFException("cut off inside a message");
            }
            if (head.size() == 0 && (c == '\r' || c == '\n')) {
                if (c == '\n' && ++leading % 2 == 0) ping.run();
                continue;
            }
            head.write(c);
            if (head.size() > MAX_HEADER) throw new IOException("header too long");
            if (c == '\n') newlines++;
            else if (c != '\r') newlines = 0;
            if (newlines == 2) break;
        }
        int length = contentLength(head.toString(StandardCharsets.ISO_8859_1));
        byte[] body = in.readNBytes(length);
        if (body.length < length) throw new EOFException("cut off inside a body");
        head.writeBytes(body);
        return Optional.of(head.toByteArray());
    }

    // A folded line belongs to the header before it, as the parser reads it too: two readings of one message would
    // let a sender hide a second message in a body.
    private static int contentLength(String head) throws IOException {
        int length = -1;
        for (String line : head.split("\n")) {
            int colon = line.indexOf(':');
            boolean folded = line.startsWith(" ") || line.startsWith("\t");
            String name = colon < 0 || folded ? "" : line.substring(0, colon).trim();
            if (!name.equalsIgnoreCase("content-length") && !name.equalsIgnoreCase("l")) continue;
            String value = line.substring(colon + 1).trim();
            if (length >= 0 || !value.matches("[0-9]{1,6}")) throw new IOException("bad Content-Length");
            length = Integer.parseInt(value);
            if (length > SipMessage.MAX_BYTES) throw new IOException("body too long");
        }
        if (length < 0) throw new IOException("no Content-Length on a stream");
        return length;
    }
}
