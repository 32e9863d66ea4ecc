package dev.starling.ca;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// A wire to a server that breaks when a chosen message is on it, and stays broken until it is mended.
final class Wire implements AutoCloseable {
    private static final int MESSAGE = 65_536;

    private final ServerSocket door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int to;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger left = new AtomicInteger();
    private volatile boolean late, fired, broken;

    Wire(int to) throws IOException {
        this.to = to;
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return door.getLocalPort();
    }

    /// @param message which one breaks it, from 1
    /// @param late the server still gets it, but its answer is lost
    void breakAt(int message, boolean late) {
        this.late = late;
        fired = false;
        left.set(message);
    }

    /// Whether that message came.
    boolean fired() {
        return fired;
    }

    void mend() {
        left.set(0);
        broken = false;
    }

    private void accept() {
        try {
            while (true) {
                Socket near = door.accept();
                if (broken) near.close();
                else join(near);
            }
        } catch (IOException e) {
            if (!door.isClosed()) throw new UncheckedIOException(e);
        }
    }

    private void join(Socket near) throws IOException {
        var far = new Socket(InetAddress.getLoopbackAddress(), to);
        near.setTcpNoDelay(true);
        far.setTcpNoDelay(true);
        open.add(near);
        open.add(far);
        var answered = new CountDownLatch(1);
        Thread.ofVirtual().start(() -> pass(near, far, true, answered));
        Thread.ofVirtual().start(() -> pass(far, near, false, answered));
    }

    private void pass(Socket from, Socket into, boolean asks, CountDownLatch answered) {
        byte[] bytes = new byte[MESSAGE];
        try (from;
                into) {
            for (int n = from.getInputStream().read(bytes);
                    n > 0;
                    n = from.getInputStream().read(bytes)) {
                if (asks && left.get() > 0 && left.decrementAndGet() == 0) {
                    fired = true;
                    broken = true;
                    if (late) {
                        into.getOutputStream().write(bytes, 0, n);
                        // It has done it when it answers; a word that has no answer is done soon.
                        var _ = answered.await(1, TimeUnit.SECONDS);
                    }
                    cut();
                    return;
                }
                // The answer to the last message.
                if (!asks && broken) {
                    answered.countDown();
                    return;
                }
                into.getOutputStream().write(bytes, 0, n);
            }
        } catch (IOException e) {
            // One end is gone, so the other one goes.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(from);
            open.remove(into);
        }
    }

    // Not what says that it is broken: it may be mended by now.
    private void cut() throws IOException {
        for (Socket each : open) each.close();
    }

    @Override
    public void close() throws IOException {
        broken = true;
        cut();
        door.close();
    }
}
