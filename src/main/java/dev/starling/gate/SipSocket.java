package dev.starling.gate;

import dev.starling.sip.transport.Flow;
import dev.starling.web.WebSocket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/// SIP over WebSocket (RFC 7118): one frame, one message. Pings each 20 s; 8 s without an answer end the flow, so
/// that a crash is seen within 30 s.
public final class SipSocket implements WebSocket.Endpoint, AutoCloseable {
    private static final Duration PING = Duration.ofSeconds(20), ANSWER = Duration.ofSeconds(8);
    private static final AtomicLong NUMBER = new AtomicLong();

    private final Flow.Receiver receiver;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("sip-ping").factory());

    public SipSocket(Flow.Receiver receiver) {
        this.receiver = receiver;
    }

    @Override
    public WebSocket.Listener open(WebSocket socket) {
        var flow = new WsFlow(socket);
        flow.schedule();
        return flow;
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    private final class WsFlow implements Flow, WebSocket.Listener {
        private final String id = "ws-" + NUMBER.incrementAndGet();
        private final WebSocket socket;
        private final AtomicBoolean open = new AtomicBoolean(true);
        private volatile boolean answered = true;

        WsFlow(WebSocket socket) {
            this.socket = socket;
        }

        void schedule() {
            var _ = timer.schedule(this::ping, PING.toMillis(), TimeUnit.MILLISECONDS);
        }

        private void ping() {
            if (!open.get()) return;
            answered = false;
            socket.ping();
            var _ = timer.schedule(this::judge, ANSWER.toMillis(), TimeUnit.MILLISECONDS);
        }

        private void judge() {
            if (!open.get()) return;
            if (!answered) {
                close("no answer to a ping");
                closed();
            } else {
                var _ = timer.schedule(this::ping, PING.minus(ANSWER).toMillis(), TimeUnit.MILLISECONDS);
            }
        }

        @Override
        public void message(byte[] message) {
            // Keep-alive of RFC 7118, section 6, and empty frames are no messages.
            if (message.length > 4) receiver.received(this, message);
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
