package dev.starling.gate;

import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.Tap;
import dev.starling.web.WebSocket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/// SIP over WebSocket (RFC 7118): one frame, one message. Pings each 20 s; 8 s without an answer end the flow,
/// so that a crash is seen within 30 s.
public final class SipSocket implements WebSocket.Endpoint, AutoCloseable {
    private static final Duration PING = Duration.ofSeconds(20), ANSWER = Duration.ofSeconds(8);
    private static final AtomicLong NUMBER = new AtomicLong();

    /// Runs a task later, on a thread where it may take its time.
    interface Later {
        void run(Duration after, Runnable task);
    }

    private final Tap tap;
    private final Flow.Receiver receiver;
    private final Later later;
    private final Runnable stop;

    public SipSocket(Tap tap, Flow.Receiver receiver) {
        ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("sip-ping").factory());
        this(
                tap,
                receiver,
                (after, task) -> {
                    var _ = scheduler.schedule(
                            () -> Thread.ofVirtual().start(task), after.toMillis(), TimeUnit.MILLISECONDS);
                },
                scheduler::shutdownNow);
    }

    SipSocket(Tap tap, Flow.Receiver receiver, Later later, Runnable stop) {
        this.tap = tap;
        this.receiver = receiver;
        this.later = later;
        this.stop = stop;
    }

    @Override
    public WebSocket.Listener open(WebSocket socket) {
        var flow = new WsFlow(socket);
        flow.schedule();
        return flow;
    }

    @Override
    public void close() {
        stop.run();
    }

    private final class WsFlow implements Flow, WebSocket.Listener {
        private final String id = "ws-" + NUMBER.incrementAndGet();
        private final WebSocket socket;
        private final Tap.Ends ends;
        private final AtomicBoolean open = new AtomicBoolean(true);
        private volatile boolean answered = true;

        WsFlow(WebSocket socket) {
            this.socket = socket;
            this.ends = new Tap.Ends(transport(), socket.local(), socket.remote(), Optional.empty());
        }

        void schedule() {
            later.run(PING, this::ping);
        }

        private void ping() {
            if (!open.get()) return;
            answered = false;
            socket.ping();
            later.run(ANSWER, this::judge);
        }

        private void judge() {
            if (!open.get()) return;
            if (!answered) {
                close("no answer to a ping");
                closed();
            } else {
                later.run(PING.minus(ANSWER), this::ping);
            }
        }

        @Override
        public void message(byte[] message) {
            // Keep-alive of RFC 7118, section 6, and empty frames are no messages.
            if (message.length <= 4) return;
            tap.in(ends, message);
            receiver.received(this, message);
        }

        @Override
        public void pong() {
            answered = true;
        }

        @Override
        public void closed() {
            if (open.compareAndSet(true, false)) receiver.closed(this);
        }

        @Override
        public String id() {
            return id;
        }

        @Override
        public String transport() {
            return "WS";
        }

        @Override
        public Optional<String> peer() {
            return Optional.empty();
        }

        @Override
        public void send(byte[] message) {
            if (open.get()) tap.out(ends, message);
            socket.send(message);
        }

        @Override
        public void close(String reason) {
            socket.close(1008, reason.substring(0, Math.min(100, reason.length())));
        }

        @Override
        public boolean isOpen() {
            return open.get();
        }
    }
}
