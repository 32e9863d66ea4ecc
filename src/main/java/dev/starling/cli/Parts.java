package dev.starling.cli;

import java.util.ArrayDeque;
import java.util.Deque;

/// What has been opened, closed in reverse order.
final class Parts implements AutoCloseable {
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    <T extends AutoCloseable> T with(T part) {
        open.addFirst(part);
        return part;
    }

    @Override
    public void close() {
        for (AutoCloseable part = open.pollFirst(); part != null; part = open.pollFirst()) {
            try {
                part.close();
            } catch (Exception e) {
                System.getLogger("starling").log(System.Logger.Level.WARNING, "while stopping", e);
            }
        }
    }
}
