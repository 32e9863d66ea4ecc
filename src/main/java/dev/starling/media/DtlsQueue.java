package dev.starling.media;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.bouncycastle.tls.DatagramTransport;

/// The datagrams of DTLS among all that comes to a leg, for the thread that shakes hands. What it cannot hold is lost,
/// and
/// DTLS sends it again.
final class DtlsQueue implements DatagramTransport {
    private static final int MAX_WAITING = 32;
    private static final int RECEIVE_BYTES = 1500;
    /// What fits through every way.
    private static final int SEND_BYTES = 1200;

    private static final byte[] END = {};

    private final BlockingQueue<byte[]> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
    private final Consumer<byte[]> out;
    private volatile boolean isClosed;

    DtlsQueue(Consumer<byte[]> out) {
        this.out = out;
    }

    static boolean isDtls(byte[] bytes, int length) {
        return length > 12 && bytes[0] >= 20 && bytes[0] <= 63;
    }

    void received(byte[] bytes, int length) {
        waiting.offer(Arrays.copyOf(bytes, length));
    }

    @Override
    public int receive(byte[] into, int offset, int length, int millis) throws IOException {
        if (isClosed) throw new IOException("closed");
        try {
            byte[] found = waiting.poll(millis, TimeUnit.MILLISECONDS);
            if (found == null) return -1;
            if (isClosed) throw new IOException("closed");
            int bytes = Math.min(length, found.length);
            System.arraycopy(found, 0, into, offset, bytes);
            return bytes;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public void send(byte[] bytes, int offset, int length) {
        out.accept(Arrays.copyOfRange(bytes, offset, offset + length));
    }

    @Override
    public int getReceiveLimit() {
        return RECEIVE_BYTES;
    }

    @Override
    public int getSendLimit() {
        return SEND_BYTES;
    }

    @Override
    public void close() {
        isClosed = true;
        waiting.clear();
        waiting.offer(END);
    }
}
