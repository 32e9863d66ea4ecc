package dev.starling.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// A part of the server that opens on a thread of its own while others do; whoever needs it waits for it.
final class Opening<T> {
    private final FutureTask<T> task;

    private Opening(Callable<T> open) {
        task = new FutureTask<>(open);
    }

    static <T> Opening<T> of(Callable<T> open) {
        var opening = new Opening<>(open);
        // A platform thread: opening loads a native library and stays in it.
        Thread.ofPlatform().daemon().name("opening").start(opening.task);
        return opening;
    }

    /// The open part.
    ///
    /// @throws IOException what opening it threw
    T get() throws IOException {
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException cause) throw cause;
            throw new IOException("cannot open: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while opening", e);
        }
    }
}
