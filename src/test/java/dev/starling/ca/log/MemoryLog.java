package dev.starling.ca.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.log.LogReader;
import dev.starling.identity.log.Tile;
import dev.starling.identity.log.TreeHead;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/// A store in memory that fails when it is told to, before or after it did what it was asked, and that watches over
/// the contract: nothing that was stored changes. It outlives the [Log]s that die on it.
class MemoryLog implements LogStore, LogReader {
    private final Map<String, byte[]> tiles = new HashMap<>();
    private final Map<String, Long> indices = new HashMap<>();
    private TreeHead head = TreeHead.EMPTY;
    private Optional<byte[]> released = Optional.empty();
    private long releasedSize;
    private int calls;
    private int failing = -1;
    private boolean afterwards;

    /// The `call`-th call from now on fails, the first is 0; `late`: after its work was done.
    void failAt(int call, boolean late) {
        calls = 0;
        failing = call;
        afterwards = late;
    }

    /// @return whether the failure came
    boolean failed() {
        boolean came = failing >= 0 && calls > failing;
        failing = -1;
        return came;
    }

    private interface Work<T> {
        T run();
    }

    private synchronized <T> T step(Work<T> work) throws IOException {
        int call = calls++;
        if (call == failing && !afterwards) throw new IOException("the store died before");
        T done = work.run();
        if (call == failing) throw new IOException("the store died afterwards");
        return done;
    }

    @Override
    public TreeHead head() throws IOException {
        return step(() -> head);
    }

    @Override
    public boolean grow(Growth growth) throws IOException {
        return step(() -> {
            if (!head.equals(growth.old())) return false;
            growth.tiles().forEach((tile, bytes) -> {
                byte[] before = tiles.getOrDefault(name(tile.level(), tile.index()), new byte[0]);
                assertTrue(bytes.length > before.length, "a tile only grows");
                assertArrayEquals(before, Arrays.copyOf(bytes, before.length), "what was stored stays");
                tiles.put(name(tile.level(), tile.index()), bytes.clone());
            });
            long index = growth.old().size();
            for (byte[] leafHash : growth.leafHashes()) {
                assertTrue(indices.putIfAbsent(hex(leafHash), index) == null, "an entry twice");
                index++;
            }
            assertTrue(index == growth.head().size(), "as many hashes as entries");
            head = growth.head();
            return true;
        });
    }

    @Override
    public Optional<byte[]> tile(int level, long index) throws IOException {
        return step(() -> Optional.ofNullable(tiles.get(name(level, index))).map(byte[]::clone));
    }

    @Override
    public Optional<Long> indexOf(byte[] leafHash) throws IOException {
        return step(() -> Optional.ofNullable(indices.get(hex(leafHash))));
    }

    @Override
    public Optional<byte[]> released() throws IOException {
        return step(() -> released);
    }

    @Override
    public void release(long size, byte[] checkpoint) throws IOException {
        var _ = step(() -> {
            if (size < releasedSize) return false;
            releasedSize = size;
            released = Optional.of(checkpoint.clone());
            return true;
        });
    }

    // As a reader sees it.

    @Override
    public byte[] checkpoint() throws IOException {
        return released().orElseThrow(() -> new FileNotFoundException("no head yet"));
    }

    @Override
    public byte[] tile(Tile tile) throws IOException {
        return new StoredTiles(this).tile(tile);
    }

    // What an attacker, or an accident, does to it.

    void alter(int level, long index, int at) {
        byte[] bytes = Optional.ofNullable(tiles.get(name(level, index))).orElseThrow();
        bytes[at] ^= 1;
    }

    void lose(int level, long index) {
        tiles.remove(name(level, index));
    }

    long bytes(int level) {
        return tiles.entrySet().stream()
                .filter(e -> e.getKey().startsWith(level + " "))
                .mapToLong(e -> e.getValue().length)
                .sum();
    }

    long tiles(int level) {
        return tiles.keySet().stream().filter(k -> k.startsWith(level + " ")).count();
    }

    private static String name(int level, long index) {
        return level + " " + index;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
