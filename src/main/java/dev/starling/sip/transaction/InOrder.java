package dev.starling.sip.transaction;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;

/// Work that may take its time, away from the thread that reads the sockets: of one flow in order, of different flows
/// side by side, each on a virtual thread. Bounded for each flow and in all.
public final class InOrder {
    private static final System.Logger LOG = System.getLogger("starling.sip");

    private final int each, all;
    private final Map<String, Queue<Runnable>> waiting = new HashMap<>();
    private int size;

    public InOrder(int each, int all) {
        this.each = each;
        this.all = all;
    }

    /// False when there is no room.
    public synchronized boolean run(String flow, Runnable task) {
        Queue<Runnable> queue = waiting.get(flow);
        if (size >= all || queue != null && queue.size() >= each) return false;
        size++;
        if (queue != null) return queue.add(task);
        queue = new ArrayDeque<>();
        queue.add(task);
        waiting.put(flow, queue);
        Thread.ofVirtual().name(flow).start(() -> work(flow));
        return true;
    }

    private void work(String flow) {
        for (Runnable task = next(flow, false); task != null; task = next(flow, true)) {
            try {
                task.run();
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, "a defect, in taking what was sent", e);
            }
        }
    }

    // What is being done stays in the queue, so that nobody starts a second thread.
    private synchronized @org.jspecify.annotations.Nullable Runnable next(String flow, boolean done) {
        Queue<Runnable> queue = waiting.get(flow);
        if (queue == null) return null;
        if (done) {
            queue.remove();
            size--;
        }
        if (queue.isEmpty()) waiting.remove(flow);
        return queue.peek();
    }
}
