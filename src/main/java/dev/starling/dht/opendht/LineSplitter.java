package dev.starling.dht.opendht;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Predicate;

/// Cuts what arrives into lines. One that is too long is left out and counted: somebody stored it, and it must not
/// hide the lines behind it.
final class LineSplitter {
    /// A value of 32 KiB in base64 with its key and signature fits.
    static final int MAX_LINE_BYTES = 64 * 1024;

    private final ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    private boolean tooLong;
    private long bytes;

    /// True as soon as `enough` says so; what is behind that line is lost then.
    boolean feed(List<ByteBuffer> pieces, Predicate<String> enough) {
        for (ByteBuffer piece : pieces) if (feed(piece, enough)) return true;
        return false;
    }

    private boolean feed(ByteBuffer piece, Predicate<String> enough) {
        bytes += piece.remaining();
        byte[] all = new byte[piece.remaining()];
        piece.get(all);
        int start = 0;
        for (int i = 0; i < all.length; i++) {
            if (all[i] != '\n') continue;
            append(all, start, i);
            start = i + 1;
            if (enough.test(take())) return true;
        }
        append(all, start, all.length);
        return false;
    }

    private void append(byte[] all, int from, int to) {
        if (line.size() + to - from > MAX_LINE_BYTES) tooLong = true;
        if (!tooLong) line.write(all, from, to - from);
    }

    // What is no ASCII is no line of ours and is read somehow; one that was too long is blank.
    private String take() {
        String text = tooLong ? "" : line.toString(StandardCharsets.ISO_8859_1);
        line.reset();
        tooLong = false;
        return text;
    }

    /// The line without an end, at the end of all.
    String rest() {
        return take();
    }

    /// Bytes that came so far.
    long bytes() {
        return bytes;
    }
}
