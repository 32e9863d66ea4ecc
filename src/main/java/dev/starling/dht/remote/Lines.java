package dev.starling.dht.remote;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/// The lines of an answer that may never end, hang, or be one endless line. Closed by an alarm when too much
/// time has gone by, because a blocked read cannot be given a time-out.
final class Lines implements AutoCloseable {
    /// A value of 32 KiB in base64 with its members fits.
    static final int MAX_LINE_BYTES = 64 * 1024;

    private final InputStream in;
    private final ScheduledExecutorService alarms;
    private ScheduledFuture<?> alarm;
    private volatile boolean late;

    Lines(InputStream body, Duration patience, ScheduledExecutorService alarms) {
        in = new BufferedInputStream(body, 16 * 1024);
        this.alarms = alarms;
        alarm = arm(patience);
    }

    private ScheduledFuture<?> arm(Duration patience) {
        return alarms.schedule(this::ring, patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void ring() {
        late = true;
        try {
            in.close();
        } catch (IOException e) {
            System.getLogger("starling.dht").log(System.Logger.Level.DEBUG, "closing a late answer", e);
        }
    }

    /// More time, counted from now.
    void patience(Duration more) {
        alarm.cancel(false);
        alarm = arm(more);
    }

    /// Whether the time ran out.
    boolean late() {
        return late;
    }

    /// Without its end; empty at the end of the answer. What is not ASCII is no line of ours and is read somehow.
    Optional<String> next() throws IOException {
        try {
            return line();
        } catch (IOException e) {
            throw late ? new IOException("took too long", e) : e;
        }
    }

    private Optional<String> line() throws IOException {
        var line = new ByteArrayOutputStream(256);
        for (int b = in.read(); b >= 0; b = in.read()) {
            if (b == '\n') return Optional.of(line.toString(StandardCharsets.ISO_8859_1));
            if (line.size() >= MAX_LINE_BYTES)
                throw new IOException("a line of more than " + MAX_LINE_BYTES + " bytes");
            line.write(b);
        }
        if (late) throw new IOException("took too long");
        return line.size() == 0 ? Optional.empty() : Optional.of(line.toString(StandardCharsets.ISO_8859_1));
    }

    @Override
    public void close() throws IOException {
        alarm.cancel(false);
        in.close();
    }
}
