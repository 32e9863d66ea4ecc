package dev.starling.trace;

import dev.starling.sip.transport.Tap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

/// What one watcher has not yet been shown: bounded in number and in bytes. Beyond that, messages are lost and counted,
/// and whoever sends or receives them is never held up.
public final class Pending implements Tap.Watcher {
    static final int MAX_MESSAGES = 4096;
    static final long MAX_BYTES = 8L << 20;

    private final LinkedBlockingQueue<Tap.Passed> queue = new LinkedBlockingQueue<>(MAX_MESSAGES);
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();

    @Override
    public void passed(Tap.Passed message) {
        int length = message.bytes().length;
        if (bytes.addAndGet(length) > MAX_BYTES || !queue.offer(message)) {
            bytes.addAndGet(-length);
            lost.incrementAndGet();
        }
    }

    /// The next message; waits for one.
    public Tap.Passed take() throws InterruptedException {
        Tap.Passed message = queue.take();
        bytes.addAndGet(-message.bytes().length);
        return message;
    }

    /// How many were lost since this was last asked.
    public long lost() {
        return lost.get() == 0 ? 0 : lost.getAndSet(0);
    }
}
