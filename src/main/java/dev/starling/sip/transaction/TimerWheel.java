package dev.starling.sip.transaction;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Many timers, of which most are taken back: a wheel of slots, each a list of what is due in one tick of 10 ms, so
/// that setting and taking back cost the same however many there are. What is due in a later turn of the wheel stays
/// where it is. Fires up to a tick late, never early; its thread sleeps while nothing is due.
public final class TimerWheel implements TransactionLayer.Timers, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.sip");
    private static final long TICK_NANOS = 10_000_000;

    /// 41 seconds: longer than the timers of transactions.
    private static final int SLOTS = 4096;

    /// One timer; run, it is taken back.
    private final class Entry implements Runnable {
        final Runnable task;
        final boolean brief;
        final long due;
        @Nullable
        Entry before, after;
        boolean linked = true;

        Entry(Runnable task, boolean brief, long due) {
            this.task = task;
            this.brief = brief;
            this.due = due;
        }

        @Override
        public void run() {
            remove(this);
        }
    }

    private final LongSupplier nanoTime;
    private final long start;
    private final @Nullable Entry[] slots = new Entry[SLOTS];
    private final BitSet used = new BitSet(SLOTS);

    /// Ticks before this one have been looked at.
    private long next;

    /// What the thread waits for.
    private long wakes = Long.MAX_VALUE;

    private boolean closed;

    /// Without a thread: whoever made it calls [#due].
    TimerWheel(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        start = nanoTime.getAsLong();
    }

    public static TimerWheel started() {
        var wheel = new TimerWheel(System::nanoTime);
        Thread.ofPlatform().daemon().name("sip-timer").start(wheel::run);
        return wheel;
    }

    @Override
    public Runnable after(Duration delay, Runnable task) {
        return set(delay, task, false);
    }

    @Override
    public Runnable brief(Duration delay, Runnable task) {
        return set(delay, task, true);
    }

    private Runnable set(Duration delay, Runnable task, boolean brief) {
        long nanos = Math.max(0, delay.toNanos());
        synchronized (this) {
            long due = Math.max(next, (nanoTime.getAsLong() - start + nanos + TICK_NANOS - 1) / TICK_NANOS);
            var entry = new Entry(task, brief, due);
            int slot = (int) (due % SLOTS);
            Entry first = slots[slot];
            entry.after = first;
            if (first != null) first.before = entry;
            slots[slot] = entry;
            used.set(slot);
            if (due < wakes) notifyAll();
            return entry;
        }
    }

    private synchronized void remove(Entry entry) {
        if (!entry.linked) return;
        entry.linked = false;
        int slot = (int) (entry.due % SLOTS);
        if (entry.before != null) entry.before.after = entry.after;
        else slots[slot] = entry.after;
        if (entry.after != null) entry.after.before = entry.before;
        if (slots[slot] == null) used.clear(slot);
        entry.before = null;
        entry.after = null;
    }

    /// Takes out what is due now.
    private synchronized List<Entry> take() {
        long now = (nanoTime.getAsLong() - start) / TICK_NANOS;
        // More than one turn late: each slot is looked at once.
        next = Math.max(next, now - SLOTS + 1);
        var due = new ArrayList<Entry>();
        for (; next <= now; next++)
            for (Entry each = slots[(int) (next % SLOTS)]; each != null; ) {
                Entry then = each.after;
                if (each.due <= now) {
                    due.add(each);
                    remove(each);
                }
                each = then;
            }
        return due;
    }

    /// Runs what is due.
    void due() {
        for (Entry each : take()) {
            if (each.brief) run(each.task);
            else Thread.ofVirtual().start(each.task);
        }
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in a timer", e);
        }
    }

    /// Nanoseconds until the next slot that has something in it; negative when none has.
    private long pause() {
        int from = (int) (next % SLOTS), found = used.nextSetBit(from);
        if (found < 0) found = used.nextSetBit(0);
        if (found < 0) return -1;
        long tick = next + Math.floorMod(found - from, SLOTS);
        wakes = tick;
        return Math.max(0, tick * TICK_NANOS - (nanoTime.getAsLong() - start));
    }

    private void run() {
        try {
            while (sleep()) due();
        } catch (InterruptedException e) {
            LOG.log(System.Logger.Level.ERROR, "the timers end", e);
        }
    }

    private synchronized boolean sleep() throws InterruptedException {
        for (wakes = Long.MAX_VALUE; !closed; wakes = Long.MAX_VALUE) {
            long nanos = pause();
            if (nanos == 0) break;
            wait(nanos < 0 ? 0 : (nanos + 999_999) / 1_000_000);
        }
        wakes = Long.MIN_VALUE;
        return !closed;
    }

    /// Nothing fires any more.
    @Override
    public synchronized void close() {
        closed = true;
        Arrays.fill(slots, null);
        used.clear();
        notifyAll();
    }
}
