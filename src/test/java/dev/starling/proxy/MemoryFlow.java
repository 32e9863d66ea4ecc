package dev.starling.proxy;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Flow;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/// A flow whose other end is the test: what the peer sends is kept, or taken by a receiver.
final class MemoryFlow implements Flow {
    private static final AtomicLong NUMBER = new AtomicLong();
    private final String id = "memory-" + NUMBER.incrementAndGet();
    private final EdgePeer edge;
    private final Optional<String> peer;
    private final Runnable settle;
    private final List<byte[]> sent = new ArrayList<>();
    private Optional<Consumer<byte[]>> taker = Optional.empty();
    private boolean open = true;

    /// `settle` is run after each message: what is due at once happens.
    MemoryFlow(EdgePeer edge, Optional<String> peer, Runnable settle) {
        this.edge = edge;
        this.peer = peer;
        this.settle = settle;
    }

    void takenBy(Consumer<byte[]> whom) {
        taker = Optional.of(whom);
    }

    /// The other end says something.
    void says(byte[] bytes) {
        if (!open) return;
        edge.received(this, bytes);
        settle.run();
    }

    /// Everything the peer has sent since the last call.
    List<SipMessage> heard() {
        var all = new ArrayList<SipMessage>();
        try {
            for (byte[] each : sent) all.add(SipMessage.parse(each));
        } catch (SipException e) {
            throw new AssertionError("the peer sent what cannot be read", e);
        }
        sent.clear();
        return all;
    }

    /// The one message that the peer has sent since the last call, 100 Trying left out.
    SipMessage one() {
        var all = heard().stream().filter(m -> m.status() != 100).toList();
        if (all.size() != 1) throw new AssertionError("expected one message, not " + all);
        return all.getFirst();
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public String transport() {
        return peer.isPresent() ? "TLS" : "WS";
    }

    @Override
    public Optional<String> peer() {
        return peer;
    }

    @Override
    public void send(byte[] message) {
        if (!open) return;
        if (taker.isPresent()) taker.get().accept(message);
        else sent.add(message);
    }

    @Override
    public void close(String reason) {
        if (!open) return;
        open = false;
        edge.closed(this);
    }

    @Override
    public boolean isOpen() {
        return open;
    }
}
