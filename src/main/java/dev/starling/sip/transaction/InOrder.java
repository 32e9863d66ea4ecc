package dev.starling.sip.transaction;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/// Work that may take its time, away from the thread that reads the sockets: of one flow in order, of different flows
/// side by side, on virtual threads. Bounded for each flow and in all.
///
/// A thread that takes a task lets the next one start when more is waiting, and goes on until nothing is: whoever waits
/// holds nobody up, and while nobody does, two or three threads do it all. Whoever brings several tasks at once gathers
/// them first: to wake a thread takes as long as most tasks do.
public final class InOrder {
    private static final System.Logger LOG = System.getLogger("starling.sip");

    private final int each, all;

    /// What is waiting of one flow; the first of it may be under way.
    private static final class Line {
        final String flow;
        final Queue<Runnable> tasks = new ArrayDeque<>(2);

        Line(String flow) {
            this.flow = flow;
        }
    }

    /// What one thread does now.
    private record Work(Line line, Runnable task) {}

    /// Of each flow that has work.
    private final Map<String, Line> waiting = new HashMap<>();

    /// Those with work that nobody does.
    private final Queue<Line> ready = new ArrayDeque<>();

    private int size;

    /// A thread was started that has not taken anything yet.
    private boolean starting;

    private boolean gathering;

    public InOrder(int each, int all) {
        this.each = each;
        this.all = all;
    }

    /// False when there is no room.
    public synchronized boolean run(String flow, Runnable task) {
        Line line = waiting.get(flow);
        if (size >= all || line != null && line.tasks.size() >= each) return false;
        size++;
        if (line != null) return line.tasks.add(task);
        line = new Line(flow);
        line.tasks.add(task);
        waiting.put(flow, line);
        ready.add(line);
        if (!gathering) start();
        return true;
    }

    /// No thread is started for what comes now, until [#begin].
    public synchronized void gather() {
        gathering = true;
    }

    public synchronized void begin() {
        gathering = false;
        start();
    }

    private void start() {
        if (starting || ready.isEmpty()) return;
        starting = true;
        Thread.ofVirtual().name("sip-work").start(this::work);
    }

    private void work() {
        for (Work work = first(); work != null; work = next(work.line)) {
            try {
                work.task.run();
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, "a defect, in taking what was sent", e);
            }
        }
    }

    private synchronized @Nullable Work first() {
        starting = false;
        return take();
    }

    // What is being done stays in its line, so that nobody else takes it up.
    private @Nullable Work take() {
        Line line = ready.poll();
        start();
        return line == null ? null : new Work(line, line.tasks.element());
    }

    private synchronized @Nullable Work next(Line done) {
        size--;
        done.tasks.remove();
        if (done.tasks.isEmpty()) waiting.remove(done.flow);
        else ready.add(done);
        return take();
    }
}
