package dev.starling.sip.transaction;

import dev.starling.sip.message.SipException;
import dev.starling.sip.transport.Flow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// How many transactions, and how many bytes of requests, each flow has open, and what it may have: so that nobody
/// can take the places of others. A flow to another peer carries many people, so it may have more.
///
/// @param <T> what is counted, by identity
final class Shares<T> {
    /// Of one flow.
    record Limit(int transactions, long bytes) {}

    private static final class Share<T> {
        final Set<T> open = new HashSet<>();
        long bytes;
    }

    private final Limit client, peer, all;
    private final Map<String, Share<T>> byFlow = new HashMap<>();
    private int transactions;
    private long bytes;

    Shares(Limit client, Limit peer, Limit all) {
        this.client = client;
        this.peer = peer;
        this.all = all;
    }

    /// Counts `transaction`, or refuses with 503.
    synchronized void take(Flow flow, T transaction, int length) throws SipException {
        var share = byFlow.get(flow.id());
        int open = share == null ? 0 : share.open.size();
        long held = share == null ? 0 : share.bytes;
        Limit limit = flow.peer().isPresent() ? peer : client;
        boolean room = open < limit.transactions
                && held + length <= limit.bytes
                && transactions < all.transactions
                && bytes + length <= all.bytes;
        if (!room)
            throw new SipException(503, "Too many requests at once", new SipException.Header("Retry-After", "5"));
        var counted = share == null ? new Share<T>() : share;
        if (!counted.open.add(transaction)) return;
        byFlow.put(flow.id(), counted);
        counted.bytes += length;
        transactions++;
        bytes += length;
    }

    /// Each taken one counts until it is given back, once.
    synchronized void give(Flow flow, T transaction, int length) {
        var share = byFlow.get(flow.id());
        if (share == null || !share.open.remove(transaction)) return;
        share.bytes -= length;
        transactions--;
        bytes -= length;
        if (share.open.isEmpty()) byFlow.remove(flow.id());
    }

    synchronized boolean has(Flow flow) {
        return byFlow.containsKey(flow.id());
    }

    /// What is open over `flow` now.
    synchronized List<T> of(Flow flow) {
        var share = byFlow.get(flow.id());
        return share == null ? List.of() : new ArrayList<>(share.open);
    }

    synchronized int size() {
        return transactions;
    }
}
