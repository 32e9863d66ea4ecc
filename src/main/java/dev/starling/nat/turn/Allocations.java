package dev.starling.nat.turn;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The allocations there are, and who holds how many.
final class Allocations {
    private final TurnLimits limits;
    private final Map<Client, Allocation> byClient = new HashMap<>();
    private final Map<String, Integer> held = new HashMap<>();

    Allocations(TurnLimits limits) {
        this.limits = limits;
    }

    synchronized Optional<Allocation> of(Client client) {
        return Optional.ofNullable(byClient.get(client));
    }

    /// Why there can be no more: RFC 8656, section 7.2, steps 9 and 11.
    enum Refusal {
        NONE,
        /// of this owner, his domain or his network: 486
        QUOTA,
        /// of everybody: 508
        FULL
    }

    /// NONE: it has its place now.
    synchronized Refusal admit(Allocation allocation) {
        if (byClient.size() >= limits.total()) return Refusal.FULL;
        if (count(owner(allocation)) >= limits.perOwner()
                || count(domain(allocation)) >= limits.perDomain()
                || count(network(allocation)) >= limits.perNetwork()) return Refusal.QUOTA;
        byClient.put(allocation.client, allocation);
        for (String key : keys(allocation)) held.merge(key, 1, Integer::sum);
        return Refusal.NONE;
    }

    synchronized void remove(Allocation allocation) {
        if (!byClient.remove(allocation.client, allocation)) return;
        for (String key : keys(allocation)) held.computeIfPresent(key, (_, n) -> n == 1 ? null : n - 1);
    }

    /// now: nanoseconds
    synchronized List<Allocation> over(long now) {
        var over = new ArrayList<Allocation>();
        for (Allocation each : byClient.values()) if (each.ends() - now <= 0) over.add(each);
        return over;
    }

    synchronized List<Allocation> all() {
        return List.copyOf(byClient.values());
    }

    synchronized int size() {
        return byClient.size();
    }

    private int count(String key) {
        return held.getOrDefault(key, 0);
    }

    private static List<String> keys(Allocation allocation) {
        return List.of(owner(allocation), domain(allocation), network(allocation));
    }

    private static String domain(Allocation allocation) {
        return "domain " + allocation.account.domain();
    }

    private static String owner(Allocation allocation) {
        return "owner " + allocation.account.owner();
    }

    private static String network(Allocation allocation) {
        return "network " + network(allocation.client.address().getAddress());
    }

    /// Of an address: the /24 or the /64.
    static String network(InetAddress from) {
        byte[] raw = from.getAddress();
        return HexFormat.of().formatHex(Arrays.copyOf(raw, raw.length == 4 ? 3 : 8));
    }
}
