package dev.starling.sip.transport;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/// The one point through which every SIP message passes, in and out, whatever carries it: each transport calls it.
/// While nobody watches, a message costs one volatile read.
public final class Tap {
    private static final int MAX_WATCHERS = 8;

    public enum Direction {
        IN,
        OUT
    }

    /// Between whom. A connection makes it once.
    ///
    /// @param transport as Via names it
    /// @param local our own address and port
    /// @param peer the key of the peer at the other end, as [Flow#peer] has it; empty for clients
    public record Ends(String transport, InetSocketAddress local, InetSocketAddress remote, Optional<String> peer) {}

    /// @param bytes one whole message, as it travels; shared by all who watch, and changed by nobody
    public record Passed(Direction direction, Ends ends, byte[] bytes, Instant at) {}

    /// Called by whoever receives or sends, in the middle of it: must neither wait nor throw.
    public interface Watcher {
        void passed(Passed message);
    }

    private final List<Watcher> watchers = new CopyOnWriteArrayList<>();

    /// For a transport that would have to copy a message, or to make its ends, only for the tap.
    public boolean isWatched() {
        return !watchers.isEmpty();
    }

    /// A message came in; `bytes` must not change afterwards.
    public void in(Ends ends, byte[] bytes) {
        if (isWatched()) tell(new Passed(Direction.IN, ends, bytes, Instant.now()));
    }

    /// A message goes out; `bytes` must not change afterwards.
    public void out(Ends ends, byte[] bytes) {
        if (isWatched()) tell(new Passed(Direction.OUT, ends, bytes, Instant.now()));
    }

    private void tell(Passed message) {
        for (Watcher each : watchers) each.passed(message);
    }

    /// Tells `watcher` of everything from now on, until the runnable is run. Empty when as many watch as may.
    public synchronized Optional<Runnable> watch(Watcher watcher) {
        if (watchers.size() >= MAX_WATCHERS) return Optional.empty();
        watchers.add(watcher);
        return Optional.of(() -> watchers.remove(watcher));
    }
}
