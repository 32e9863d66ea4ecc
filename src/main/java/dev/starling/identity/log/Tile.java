package dev.starling.identity.log;

import java.util.Optional;
import java.util.regex.Pattern;

/// A piece of a log as it is stored and served (C2SP tlog-tiles): up to 256 entries, or up to 256 hashes that stand 8,
/// 16, … levels above them.
///
/// @param level [#ENTRIES], or 0 for hashes of entries, 1 for hashes of whole tiles of level 0, …
/// @param index 0 for the first of its level
/// @param width 1 to 256; a tile that is not full stands at the right edge of the tree
public record Tile(int level, long index, int width) {
    public static final int ENTRIES = -1;
    public static final int FULL = 256;
    /// No tree has more levels of tiles: 256 to the seventh is over 2^53.
    public static final int LEVELS = 7;

    private static final int MAX_LEVEL = 63;
    private static final Pattern PATH =
            Pattern.compile("tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\\.p/([1-9][0-9]{0,2}))?");

    public Tile {
        if (level < ENTRIES || level > MAX_LEVEL || index < 0 || width < 1 || width > FULL)
            throw new IllegalArgumentException("level, index or width of a tile");
    }

    /// How wide this tile is in a tree of `size` entries; 0 when it is not there.
    public static int widthIn(long size, int level, long index) {
        long hashes = level <= 0 ? size : level > LEVELS ? 0 : size >> (8 * level);
        return index > hashes >> 8 ? 0 : (int) Math.min(FULL, hashes - (index << 8));
    }

    /// The tile as it is in a tree of `size` entries, in which it must be.
    static Tile in(long size, int level, long index) {
        return new Tile(level, index, widthIn(size, level, index));
    }

    /// Reads a path, without a slash in front; empty when it is not the one form of one.
    public static Optional<Tile> parse(String path) {
        var parts = PATH.matcher(path);
        if (!parts.matches()) return Optional.empty();
        int level = parts.group(1).equals("entries") ? ENTRIES : Integer.parseInt(parts.group(1));
        long index = Long.parseLong(parts.group(2).replace("x", "").replace("/", ""));
        int width = parts.group(3) == null ? FULL : Integer.parseInt(parts.group(3));
        if (level > MAX_LEVEL || width > FULL) return Optional.empty();
        var tile = new Tile(level, index, width);
        return tile.path().equals(path) ? Optional.of(tile) : Optional.empty();
    }

    public String path() {
        var number = new StringBuilder(group(index));
        for (long rest = index / 1000; rest > 0; rest /= 1000) number.insert(0, "x" + group(rest) + "/");
        String partial = width == FULL ? "" : ".p/" + width;
        return "tile/" + (level == ENTRIES ? "entries" : level) + "/" + number + partial;
    }

    /// The last three digits.
    private static String group(long number) {
        return String.valueOf(1000 + number % 1000).substring(1);
    }
}
