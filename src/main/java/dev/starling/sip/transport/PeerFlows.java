package dev.starling.sip.transport;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The open connections to other peers, by key. Both sides may connect at the same moment; then both go on with the
/// one that the peer with the lower key opened, and the other one ends when nothing waits for it any more. Of two
/// that the same side opened the newer one counts, since the older one is likely dead.
final class PeerFlows {
    private static final int MAX_EACH = 4;

    private final String self;
    private final Map<String, List<TlsFlow>> byPeer = new HashMap<>();

    PeerFlows(String self) {
        this.self = self;
    }

    void add(String peer, TlsFlow flow) {
        Optional<TlsFlow> oldest = Optional.empty();
        synchronized (this) {
            List<TlsFlow> all = byPeer.computeIfAbsent(peer, _ -> new ArrayList<>());
            all.add(flow);
            choose(peer, all);
            if (all.size() > MAX_EACH) oldest = Optional.of(all.getFirst());
        }
        oldest.ifPresent(old -> old.close("too many connections"));
    }

    synchronized void remove(String peer, Flow flow) {
        List<TlsFlow> all = byPeer.get(peer);
        if (all == null || !all.removeIf(each -> each == flow)) return;
        if (all.isEmpty()) byPeer.remove(peer);
        else choose(peer, all);
    }

    private void choose(String peer, List<TlsFlow> all) {
        TlsFlow best = best(peer, all);
        for (TlsFlow each : all) {
            if (each == best) each.recall();
            else each.retire();
        }
    }

    private TlsFlow best(String peer, List<TlsFlow> all) {
        boolean ours = self.compareTo(peer) < 0;
        for (TlsFlow each : all.reversed()) if (each.isOutgoing() == ours && each.isOpen()) return each;
        return all.getLast();
    }

    synchronized Optional<Flow> to(String peer) {
        List<TlsFlow> all = byPeer.get(peer);
        if (all == null) return Optional.empty();
        TlsFlow best = best(peer, all);
        return best.isOpen() ? Optional.of(best) : Optional.empty();
    }

    synchronized List<TlsFlow> all() {
        return byPeer.values().stream().flatMap(List::stream).toList();
    }

    /// Peers connected to.
    synchronized int size() {
        return byPeer.size();
    }
}
