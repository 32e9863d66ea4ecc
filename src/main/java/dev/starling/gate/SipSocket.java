package dev.starling.gate;

import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.Tap;
import dev.starling.web.WebSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/// SIP over WebSocket (RFC 7118): one frame, one message. Pings each 20 s; 8 s without an answer end the flow,
/// so that a crash is seen within 30 s.
public final class SipSocket implements WebSocket.Endpoint, AutoCloseable {
    private static final Duration PING = Duration.ofSeconds(20), ANSWER = Duration.ofSeconds(8);
    private static final AtomicLong NUMBER = new AtomicLong();

    /// Runs a task later, on a thread where it may take its time.
    interface Later {
        void run(Duration after, Runnable task);
    }

    /// Who comes in here, and how.
    ///
    /// @param transport as Via names it: `WS`, or over TLS `WSS` (RFC 7118, section 5.2)
    /// @param stranger how long one may stay that has not proven who it is; empty: for ever
    /// @param overstayed hears of each that did not in that time
    public record Door(String transport, Optional<Duration> stranger, Consumer<InetAddress> overstayed) {
        /// For clients: each of their requests is signed, and they name themselves alike with TLS and without.
        public static final Door CLIENTS = new Door("WS", Optional.empty(), _ -> {});
    }

    private final Tap tap;
    private final Flow.Receiver receiver;
    private final Door door;
    private final Later later;
    private final Runnable stop;

    public SipSocket(Tap tap, Flow.Receiver receiver) {
        this(tap, receiver, Door.CLIENTS);
    }

    public SipSocket(Tap tap, Flow.Receiver receiver, Door door) {
        ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("sip-ping").factory());
        this(
                tap,
                receiver,
                door,
                (after, task) -> {
                    var _ = scheduler.schedule(
                            () -> Thread.ofVirtual().start(task), after.toMillis(), TimeUnit.MILLISECONDS);
                },
                scheduler::shutdownNow);
    }

    SipSocket(Tap tap, Flow.Receiver receiver, Door door, Later later, Runnable stop) {
        this.tap = tap;
        this.receiver = receiver;
        this.door = door;
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
        private volatile boolean answered = true, admitted;

        WsFlow(WebSocket socket) {
            this.socket = socket;
            this.ends = new Tap.Ends(transport(), socket.local(), socket.remote(), Optional.empty());
        }

        void schedule() {
            later.run(PING, this::ping);
            door.stranger.ifPresent(patience -> later.run(patience, this::showOut));
        }

        private void showOut() {
            if (!open.get() || admitted) return;
            door.overstayed.accept(socket.remote().getAddress());
            close("who are you?");
            closed();
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
            return door.transport;
        }

        @Override
        public Optional<InetSocketAddress> remote() {
            return Optional.of(socket.remote());
        }

        @Override
        public void admit() {
            admitted = true;
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
