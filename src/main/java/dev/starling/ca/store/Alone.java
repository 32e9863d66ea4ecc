package dev.starling.ca.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/// One at a time, of all threads and all processes of this machine that name the same file. The lock is a file beside
/// it, which stays; it ends with the process that has it.
public final class Alone {
    /// What is done alone.
    public interface Work<T> {
        T run() throws IOException;
    }

    // Of one process the system lets all in.
    private static final Map<Path, ReentrantLock> HERE = new ConcurrentHashMap<>();

    private Alone() {}

    public static <T> T with(Path file, Work<T> work) throws IOException {
        Path lock = file.resolveSibling(file.getFileName() + ".lock")
                .toAbsolutePath()
                .normalize();
        ReentrantLock here = HERE.computeIfAbsent(lock, _ -> new ReentrantLock());
        here.lock();
        try (var channel = FileChannel.open(
                        lock,
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                var _ = channel.lock()) {
            return work.run();
        } finally {
            here.unlock();
        }
    }

    /// That a file has come into a folder, or gone, survives the loss of power.
    public static void flush(Path folder) throws IOException {
        try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
