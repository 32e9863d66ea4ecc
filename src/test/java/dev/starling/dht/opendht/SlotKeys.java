package dev.starling.dht.opendht;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// A few RSA keys for the tests of one JVM, used in turn: making one takes longer than most tests. As many as no test
/// has owners.
public final class SlotKeys {
    private static final int KEYS = 6;
    private static final List<byte[]> MADE = new ArrayList<>();
    private static int turn;

    private SlotKeys() {}

    /// Puts the next key where nothing is yet; the same file.
    public static synchronized Path in(Path file) throws IOException {
        if (Files.exists(file)) return file;
        int next = turn++ % KEYS;
        if (next == MADE.size()) {
            SlotKey.loadOrMake(file);
            MADE.add(Files.readAllBytes(file));
        } else {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.write(file, MADE.get(next));
        }
        return file;
    }

    static SlotKey next() throws IOException {
        Path folder = Files.createTempDirectory("slot-key");
        Path file = folder.resolve("key");
        try {
            return SlotKey.loadOrMake(in(file));
        } finally {
            Files.deleteIfExists(file);
            Files.delete(folder);
        }
    }
}
