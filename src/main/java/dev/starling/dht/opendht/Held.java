package dev.starling.dht.opendht;

import dev.starling.dht.Dht;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What lies under a watched key as far as we have been told: so that nothing is told twice, a value that replaces
/// another ends it quietly, and what has ended is told even when nobody said so. Bounded by bytes and values: beyond
/// that a value is told all the same, but its end may go unnoticed.
final class Held {
    private static final long MAX_BYTES = 4L << 20;
    private static final int MAX_VALUES = 2048;

    private record Name(long id, ByteBuffer owner, ByteBuffer data) {
        Name(Signed value) {
            this(value.id(), ByteBuffer.wrap(value.owner()), ByteBuffer.wrap(value.data()));
        }
    }

    private static final class Lying {
        private final Signed signed;
        private final Envelope envelope;
        private long seen;

        Lying(Signed signed, Envelope envelope, long seen) {
            this.signed = signed;
            this.envelope = envelope;
            this.seen = seen;
        }
    }

    private final Map<Name, Lying> lying = new LinkedHashMap<>();
    private long bytes;
    private boolean leftOut;

    /// Takes in a value that was seen at `now` (Unix s); gives what there is to tell.
    List<Dht.Event> saw(Signed signed, Envelope envelope, long now) {
        var here = lying.get(new Name(signed));
        if (here != null) {
            here.seen = now;
            return List.of();
        }
        if (envelope.expires() <= now && !envelope.withdrawn()) return List.of();
        var others =
                lying.values().stream().filter(l -> l.signed.sameSlot(signed)).toList();
        for (Lying other : others) {
            if (other.signed.seq() >= signed.seq() && other.signed.genuine()) return List.of();
            if (!signed.genuine()) continue;
            remove(other);
            if (envelope.withdrawn()) return List.of(new Dht.Event(other.envelope.opened(), true));
        }
        if (envelope.withdrawn()) return List.of();
        if (lying.size() < MAX_VALUES && bytes + signed.data().length <= MAX_BYTES) {
            lying.put(new Name(signed), new Lying(signed, envelope, now));
            bytes += signed.data().length;
        } else leftOut = true;
        return List.of(new Dht.Event(envelope.opened(), false));
    }

    /// A node says that it has forgotten a value.
    List<Dht.Event> forgotten(Signed signed) {
        var here = lying.get(new Name(signed));
        if (here == null) return List.of();
        remove(here);
        return List.of(new Dht.Event(here.envelope.opened(), true));
    }

    /// What ended by its own word, or was last seen before `since` (Unix s).
    List<Dht.Event> ended(long now, long since) {
        var gone = lying.values().stream()
                .filter(l -> l.envelope.expires() <= now || l.seen < since)
                .toList();
        gone.forEach(this::remove);
        return gone.stream().map(l -> new Dht.Event(l.envelope.opened(), true)).toList();
    }

    private void remove(Lying gone) {
        if (lying.remove(new Name(gone.signed)) != null) bytes -= gone.signed.data().length;
    }

    /// Whether everything that was told is kept: whoever comes later can be told from memory alone.
    boolean whole() {
        return !leftOut;
    }

    long bytes() {
        return bytes;
    }

    List<Dht.Event> present() {
        var all = new ArrayList<Dht.Event>();
        for (Lying each : lying.values()) all.add(new Dht.Event(each.envelope.opened(), false));
        return all;
    }
}
