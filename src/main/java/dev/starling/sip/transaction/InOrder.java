package dev.starling.sip.transaction;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;

/// Work that may take its time, away from the thread that reads the sockets: of one flow in order, of different flows
/// side by side, on virtual threads. Bounded for each flow and in all.
///
/// A thread that takes a task lets the next one start when more is waiting, and goes on until nothing is: whoever waits
/// holds nobody up, and while nobody does, two or three threads do it all.
public final class InOrder {
    private static final System.Logger LOG = System.getLogger("starling.sip");

    private final int each, all;

    /// Of each flow that has work, what is waiting; the first of them may be under way.
    private final Map<String, Queue<Runnable>> waiting = new HashMap<>();

    /// Flows with work that nobody does.
    private final Queue<String> ready = new ArrayDeque<>();

    private int size;

    /// A thread was started that has not taken anything yet.
    private boolean starting;

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
        queue = new ArrayDeque<>(2);
        queue.add(task);
        waiting.put(flow, queue);
        ready.add(flow);
        start();
        return true;
    }

    private void start() {
        if (starting || ready.isEmpty()) return;
        starting = true;
        Thread.ofVirtual().name("sip-work").start(this::work);
    }

    private void work() {
        for (Optional<String> flow = first(); flow.isPresent(); flow = next(flow.get())) {
            try {
                task(flow.get()).run();
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, "a defect, in taking what was sent", e);
            }
        }
    }

    private synchronized Optional<String> first() {
        starting = false;
        return take();
    }

    private Optional<String> take() {
        var flow = Optional.ofNullable(ready.poll());
        start();
        return flow;
    }

    // What is being done stays in the queue, so that nobody else takes it up.
    private synchronized Runnable task(String flow) {
        return waiting.getOrDefault(flow, new ArrayDeque<>()).element();
    }

    private synchronized Optional<String> next(String done) {
        size--;
        Queue<Runnable> queue = waiting.getOrDefault(done, new ArrayDeque<>());
        queue.remove();
        if (queue.isEmpty()) waiting.remove(done);
        else ready.add(done);
        return take();
    }
}
