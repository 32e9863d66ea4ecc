package dev.starling.dht.opendht;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/// Gives each of our values its slot and a rising number.
///
/// The number is the time, so that nothing has to be kept: after a restart, or from a restored backup, it is higher
/// than whatever the nodes hold. It has 16 bits only, so a slot has another id in each [#PERIOD]. Several changes
/// within a second count on; a clock that was set back is noticed by reading back ([#atLeast]).
///
/// It also keeps the quota of a user under a key, which OpenDHT's nodes do not know.
final class Slots {
    /// Shorter than the 65,536 seconds that the number can tell: the rest is room for many changes at once.
    static final Duration PERIOD = Duration.ofSeconds(60_000);

    /// How long the nodes keep what lay under the former id.
    static final Duration LIFETIME = Duration.ofMinutes(10);

    private static final int MAX_KNOWN = 20_000, MAX_VALUES_PER_SHARE = 256;
    private static final long MAX_BYTES_PER_SHARE = 1L << 20;

    /// What a put sends.
    ///
    /// @param before ends what may lie under the id of the period before
    record Prepared(Signed value, Optional<Signed> before) {}

    private record Share(String key, Dht.Owner owner) {}

    private record Slot(Share share, long id) {}

    /// @param gone Unix s: when the nodes forget it, or its end if that is sooner
    private record Known(Signed value, long gone) {
        int size() {
            return Math.max(0, value.data().length - Envelope.HEAD_BYTES);
        }
    }

    private static final class Load {
        private int values;
        private long bytes;
    }

    private final SlotKey key;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    // Oldest first. Holds the signed value, so that putting the same again costs no signature.
    private final Map<Slot, Known> known = new LinkedHashMap<>();
    private final Map<Share, Load> loads = new HashMap<>();

    Slots(SlotKey key, Clock clock) {
        this.key = key;
        this.clock = clock;
    }

    /// @param end Unix s
    /// @throws DhtException 429 a quota
    Prepared prepare(String key, Dht.Value value, long end) throws DhtException {
        return prepare(new Slot(new Share(key, value.owner()), value.id()), value.data(), end);
    }

    private Prepared prepare(Slot slot, byte[] data, long end) throws DhtException {
        lock.lock();
        try {
            long now = clock.instant().getEpochSecond();
            forget(now);
            var before = Optional.ofNullable(known.get(slot));
            if (data.length > 0) quota(slot.share, before, data.length);
            long period = now / PERIOD.toSeconds();
            long id = id(slot, period);
            byte[] envelope = new Envelope(slot.id, end, data).bytes();
            var same =
                    before.map(Known::value).filter(v -> v.id() == id && java.util.Arrays.equals(v.data(), envelope));
            Signed signed = same.isPresent()
                    ? same.get()
                    : key.sign(id, next(before, id, (int) (now % PERIOD.toSeconds())), envelope);
            know(slot, new Known(signed, Math.min(end, now + LIFETIME.toSeconds())));
            boolean young = now % PERIOD.toSeconds() < LIFETIME.toSeconds();
            return new Prepared(signed, young ? Optional.of(ended(slot, period - 1)) : Optional.empty());
        } finally {
            lock.unlock();
        }
    }

    private void quota(Share share, Optional<Known> before, int more) throws DhtException {
        var load = loads.get(share);
        if (load == null) return;
        boolean counted = before.isPresent() && before.get().size() > 0;
        if (load.values + (counted ? 0 : 1) > MAX_VALUES_PER_SHARE
                || load.bytes - before.map(Known::size).orElse(0) + more > MAX_BYTES_PER_SHARE)
            throw new DhtException(429, "too many values of yours under this key");
    }

    private static int next(Optional<Known> before, long id, int time) throws DhtException {
        int last = before.map(Known::value)
                .filter(v -> v.id() == id)
                .map(Signed::seq)
                .orElse(0);
        if (last >= Signed.MAX_SEQ) throw new DhtException(429, "this value changed too often");
        return Math.max(last + 1, time + 1);
    }

    // An empty value with the highest number: nothing replaces it, and it is gone with the old id.
    private Signed ended(Slot slot, long period) {
        return key.sign(id(slot, period), Signed.MAX_SEQ, new Envelope(slot.id, 0, new byte[0]).bytes());
    }

    /// The nodes hold this number of ours already: the clock was set back. The next number is higher.
    void atLeast(String key, Dht.Value value, Signed held) {
        var slot = new Slot(new Share(key, value.owner()), value.id());
        lock.lock();
        try {
            var here = known.get(slot);
            if (here == null || here.value.id() != held.id() || here.value.seq() > held.seq()) return;
            know(slot, new Known(held, here.gone));
        } finally {
            lock.unlock();
        }
    }

    private void know(Slot slot, Known now) {
        drop(slot, known.remove(slot));
        known.put(slot, now);
        if (now.size() == 0) return;
        var load = loads.computeIfAbsent(slot.share, _ -> new Load());
        load.values++;
        load.bytes += now.size();
    }

    private void drop(Slot slot, @org.jspecify.annotations.Nullable Known gone) {
        if (gone == null || gone.size() == 0) return;
        var load = loads.get(slot.share);
        if (load == null) return;
        load.bytes -= gone.size();
        if (--load.values == 0) loads.remove(slot.share);
    }

    // What the nodes have forgotten, and beyond the bound what was put longest ago.
    private void forget(long now) {
        for (Iterator<Map.Entry<Slot, Known>> all = known.entrySet().iterator(); all.hasNext(); ) {
            var oldest = all.next();
            if (oldest.getValue().gone > now && known.size() < MAX_KNOWN) return;
            all.remove();
            drop(oldest.getKey(), oldest.getValue());
        }
    }

    private long id(Slot slot, long period) {
        try {
            var sha = MessageDigest.getInstance("SHA-256");
            sha.update(key.owner());
            for (String text : new String[] {slot.share.key, slot.share.owner.peer(), slot.share.owner.user()}) {
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                sha.update(ByteBuffer.allocate(4).putInt(bytes.length).flip());
                sha.update(bytes);
            }
            sha.update(ByteBuffer.allocate(16).putLong(slot.id).putLong(period).flip());
            long id = ByteBuffer.wrap(sha.digest()).getLong();
            // OpenDHT gives a value with id 0 another one.
            return id == 0 ? 1 : id;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
