package dev.starling.trace;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Tap;
import dev.starling.trace.hep.Capture;
import dev.starling.trace.hep.Chunks;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;

/// What the operator is shown of one message: a HEP3 packet with chunks of our own, which other tools pass over.
///
/// @param direction as the server saw it; empty when somebody else wrote the packet
/// @param transport as Via names it; "" when unknown
/// @param peer the key of the server at the other end; "" for clients
/// @param lost messages that this watcher was too slow for, before this one
/// @param notice why there is no message: it could not be read; "" otherwise
record Sighting(
        Optional<Tap.Direction> direction, String transport, String peer, long lost, String notice, Capture capture) {
    /// No registered vendor.
    private static final int OURS = 0x5354;

    private static final int DIRECTION = 1, TRANSPORT = 2, PEER = 3, LOST = 4, NOTICE = 5;

    /// Leaves room for the other chunks; only bodies are that long.
    private static final int MAX_PAYLOAD = 60_000;

    private static final int MAX_NOTICE = 200;

    static Sighting of(Tap.Passed passed, long lost) {
        String callId = "", notice = "";
        byte[] payload = new byte[0];
        try {
            var message = SipMessage.read(passed.bytes());
            callId = message.callId();
            payload = Redaction.of(message);
        } catch (SipException e) {
            notice = passed.bytes().length + " bytes that are no message: " + e.reason();
        }
        return new Sighting(
                Optional.of(passed.direction()),
                passed.ends().transport(),
                passed.ends().peer().orElse(""),
                lost,
                notice,
                Capture.of(passed, callId, Arrays.copyOf(payload, Math.min(payload.length, MAX_PAYLOAD))));
    }

    /// Something that the server tells the operator in place of messages; "" that it has begun to show them.
    static Sighting notice(String text) {
        var nowhere = new InetSocketAddress(0);
        return new Sighting(
                Optional.empty(),
                "",
                "",
                0,
                text,
                new Capture(false, nowhere, nowhere, Instant.EPOCH, "", new byte[0]));
    }

    /// It stands for no message.
    boolean isForOperator() {
        return capture.payload().length == 0 && direction.isEmpty();
    }

    byte[] write() {
        var chunks = capture.chunks(0, new byte[0]);
        direction.ifPresent(way -> chunks.put(OURS, DIRECTION, way.name()));
        if (!transport.isEmpty()) chunks.put(OURS, TRANSPORT, transport);
        if (!peer.isEmpty()) chunks.put(OURS, PEER, peer);
        if (lost > 0) chunks.put(OURS, LOST, String.valueOf(lost));
        if (!notice.isEmpty()) chunks.put(OURS, NOTICE, notice.substring(0, Math.min(notice.length(), MAX_NOTICE)));
        return chunks.write();
    }

    static Sighting read(Chunks chunks) throws IOException {
        Optional<Tap.Direction> direction = switch (chunks.text(OURS, DIRECTION)) {
            case "IN" -> Optional.of(Tap.Direction.IN);
            case "OUT" -> Optional.of(Tap.Direction.OUT);
            default -> Optional.empty();
        };
        String lost = chunks.text(OURS, LOST);
        return new Sighting(
                direction,
                chunks.text(OURS, TRANSPORT),
                chunks.text(OURS, PEER),
                lost.matches("[0-9]{1,18}") ? Long.parseLong(lost) : 0,
                chunks.text(OURS, NOTICE),
                Capture.of(chunks));
    }
}
