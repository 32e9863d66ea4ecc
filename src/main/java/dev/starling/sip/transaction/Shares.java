package dev.starling.sip.transaction;

import dev.starling.sip.message.SipException;
import dev.starling.sip.transport.Flow;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How many transactions, and how many bytes of requests, each flow has open, and what it may have: so that nobody
/// can take the places of others. A flow to another peer carries many people, so it may have more.
///
/// @param <T> what is counted, by identity
final class Shares<T> {
    /// Of one flow.
    record Limit(int transactions, long bytes) {}

    /// Up to so many are looked through, which takes less memory than a table.
    private static final int FEW = 8;

    /// Most flows have one, or two.
    private static final class Share<T> {
        private @Nullable T one;
        private Collection<T> more = List.of();
        long bytes;

        int size() {
            return (one == null ? 0 : 1) + more.size();
        }

        boolean add(T transaction) {
            if (transaction.equals(one)) return false;
            if (one == null && !more.contains(transaction)) {
                one = transaction;
                return true;
            }
            if (more.contains(transaction)) return false;
            if (more.isEmpty()) more = new ArrayList<>(2);
            else if (more.size() == FEW) more = new HashSet<>(more);
            return more.add(transaction);
        }

        boolean remove(T transaction) {
            if (!transaction.equals(one)) return !more.isEmpty() && more.remove(transaction);
            one = null;
            return true;
        }

        List<T> all() {
            var all = new ArrayList<>(more);
            if (one != null) all.add(one);
            return all;
        }
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
        int open = share == null ? 0 : share.size();
        long held = share == null ? 0 : share.bytes;
        Limit limit = flow.peer().isPresent() ? peer : client;
        boolean room = open < limit.transactions
                && held + length <= limit.bytes
                && transactions < all.transactions
                && bytes + length <= all.bytes;
        if (!room)
            throw new SipException(503, "Too many requests at once", new SipException.Header("Retry-After", "5"));
        var counted = share == null ? new Share<T>() : share;
        if (!counted.add(transaction)) return;
        if (share == null) byFlow.put(flow.id(), counted);
        counted.bytes += length;
        transactions++;
        bytes += length;
    }

    /// Each taken one counts until it is given back, once.
    synchronized void give(String flow, T transaction, int length) {
        var share = byFlow.get(flow);
        if (share == null || !share.remove(transaction)) return;
        share.bytes -= length;
        transactions--;
        bytes -= length;
        if (share.size() == 0) byFlow.remove(flow);
    }

    /// What was counted counts as another one from now on. False when it had been given back.
    synchronized boolean become(String flow, T transaction, int length, T other, int otherLength) {
        var share = byFlow.get(flow);
        if (share == null || !share.remove(transaction)) return false;
        share.add(other);
        share.bytes += otherLength - length;
        bytes += otherLength - length;
        return true;
    }

    synchronized boolean has(Flow flow) {
        return byFlow.containsKey(flow.id());
    }

    /// What is open over `flow` now.
    synchronized List<T> of(Flow flow) {
        var share = byFlow.get(flow.id());
        return share == null ? List.of() : share.all();
    }

    synchronized int size() {
        return transactions;
    }
}
