package dev.starling.identity.log;

import dev.starling.identity.IdentityException;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Entries one behind the other, each with its length in two bytes before it (C2SP tlog-tiles).
public final class EntryBundle {
    /// A full bundle of the longest entries that there could be.
    public static final int MAX_BYTES = Tile.FULL * (2 + 0xffff);

    private EntryBundle() {}

    public static byte[] write(List<byte[]> entries) {
        var out = new ByteArrayOutputStream();
        for (byte[] entry : entries) {
            if (entry.length > 0xffff) throw new IllegalArgumentException("entry too long");
            out.write(entry.length >> 8);
            out.write(entry.length);
            out.writeBytes(entry);
        }
        return out.toByteArray();
    }

    /// Just `width` entries, whatever is in them.
    public static List<byte[]> parse(byte[] bytes, int width) throws IdentityException {
        var entries = new ArrayList<byte[]>();
        int at = 0;
        while (at < bytes.length) {
            if (bytes.length - at < 2 || entries.size() == width) throw Note.malformed("entries of a bundle");
            int length = (bytes[at] & 255) << 8 | bytes[at + 1] & 255;
            at += 2;
            if (length > bytes.length - at) throw Note.malformed("an entry that is cut off");
            entries.add(Arrays.copyOfRange(bytes, at, at + length));
            at += length;
        }
        if (entries.size() != width) throw Note.malformed("entries of a bundle");
        return entries;
    }
}
