package dev.starling.dht.embedded;

import dev.starling.dht.Dht;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Who gets how much of a key, as plain arithmetic.
///
/// The store cannot judge values, so anybody allowed to write can fill somebody else's key. Two rules keep the
/// genuine value there and in front. *Room*: under a full key the newcomer takes the place of whoever holds
/// most, peers compared first and then the users of one peer, but never of somebody who holds no more than the
/// newcomer then would; so a flood by one writer displaces only itself. *Order*: a look-up goes round the
/// peers, and within each round its users, one value at a time, small and new ones first.
final class Shares {
    /// One stored value without its bytes.
    ///
    /// @param row of the table
    /// @param stored Unix s
    record Slot(long row, Dht.Owner owner, long id, int size, long stored) {}

    private static final Comparator<Slot> NEWEST =
            Comparator.comparingLong(Slot::stored).thenComparingLong(Slot::row).reversed();

    private Shares() {}

    /// The slots that make room for `newcomer`; none when there is room; empty when it has to be refused.
    static Optional<List<Slot>> room(List<Slot> present, Slot newcomer, Bounds bounds) {
        var rest = new ArrayList<>(present);
        rest.add(newcomer);
        var leaving = new ArrayList<Slot>();
        while (rest.size() > bounds.valuesPerKey() || bytes(rest) > bounds.bytesPerKey()) {
            String peer = heaviest(rest, newcomer.owner().peer(), s -> s.owner().peer(), bounds);
            var ofPeer =
                    rest.stream().filter(s -> s.owner().peer().equals(peer)).toList();
            String user =
                    heaviest(ofPeer, newcomer.owner().user(), s -> s.owner().user(), bounds);
            var victim = ofPeer.stream()
                    .filter(s -> s.owner().user().equals(user))
                    .min(NEWEST)
                    .orElseThrow();
            if (victim.owner().equals(newcomer.owner())) return Optional.empty();
            rest.remove(victim);
            leaving.add(victim);
        }
        return Optional.of(leaving);
    }

    private static long bytes(List<Slot> slots) {
        return slots.stream().mapToLong(Slot::size).sum();
    }

    // Equally heavy: the newcomer has to go.
    private static String heaviest(
            List<Slot> slots, String newcomer, java.util.function.Function<Slot, String> by, Bounds bounds) {
        var weights = new HashMap<String, double[]>();
        for (Slot slot : slots) {
            double[] weight = weights.computeIfAbsent(by.apply(slot), _ -> new double[2]);
            weight[0] += 1.0 / bounds.valuesPerKey();
            weight[1] += (double) slot.size() / bounds.bytesPerKey();
        }
        return weights.entrySet().stream()
                .max(Comparator.comparingDouble(
                                (Map.Entry<String, double[]> e) -> Math.max(e.getValue()[0], e.getValue()[1]))
                        .thenComparing(e -> e.getKey().equals(newcomer)))
                .map(Map.Entry::getKey)
                .orElseThrow();
    }

    /// The order in which a look-up serves them.
    static List<Slot> fair(List<Slot> present) {
        var peers = new LinkedHashMap<String, LinkedHashMap<String, List<Slot>>>();
        present.stream()
                .sorted(Comparator.comparingInt(Slot::size).thenComparing(NEWEST))
                .forEach(slot -> peers.computeIfAbsent(slot.owner().peer(), _ -> new LinkedHashMap<>())
                        .computeIfAbsent(slot.owner().user(), _ -> new ArrayList<>())
                        .add(slot));
        return interleave(peers.values().stream()
                .map(users -> interleave(List.copyOf(users.values())))
                .toList());
    }

    private static List<Slot> interleave(List<List<Slot>> rows) {
        var all = new ArrayList<Slot>();
        int longest = rows.stream().mapToInt(List::size).max().orElse(0);
        for (int i = 0; i < longest; i++) for (var row : rows) if (i < row.size()) all.add(row.get(i));
        return all;
    }
}
