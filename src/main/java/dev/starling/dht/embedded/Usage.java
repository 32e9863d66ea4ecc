package dev.starling.dht.embedded;

import dev.starling.dht.Dht;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;

/// How much each owner stores, kept in memory beside the table. Not thread-safe: guarded by the store's lock.
final class Usage {
    /// Values and bytes of one owner, one peer or the whole store.
    record Amount(long values, long bytes) {
        static final Amount NONE = new Amount(0, 0);

        Amount plus(long moreValues, long moreBytes) {
            return new Amount(values + moreValues, bytes + moreBytes);
        }
    }

    private final Map<Dht.Owner, Amount> owners = new HashMap<>();
    private final Map<String, Amount> peers = new HashMap<>();
    private Amount total = Amount.NONE;

    void add(Dht.Owner owner, long values, long bytes) {
        change(owners, owner, values, bytes);
        change(peers, owner.peer(), values, bytes);
        total = total.plus(values, bytes);
    }

    private static <K> void change(Map<K, Amount> amounts, K key, long values, long bytes) {
        Amount after = amounts.getOrDefault(key, Amount.NONE).plus(values, bytes);
        if (after.values == 0) amounts.remove(key);
        else amounts.put(key, after);
    }

    Amount of(Dht.Owner owner) {
        return owners.getOrDefault(owner, Amount.NONE);
    }

    Amount ofPeer(String peer) {
        return peers.getOrDefault(peer, Amount.NONE);
    }

    Amount total() {
        return total;
    }

    /// Who stores most bytes; the store must not be empty.
    Dht.Owner greatest() {
        return owners.entrySet().stream()
                .max(Comparator.comparingLong(e -> e.getValue().bytes))
                .orElseThrow()
                .getKey();
    }
}
