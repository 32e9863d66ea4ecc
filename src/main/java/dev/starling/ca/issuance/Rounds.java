package dev.starling.ca.issuance;

import dev.starling.ca.store.Order;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

/// Works on many orders that wait for their certificate: some at once, and none is begun when a round has lasted for
/// half a minute. The DNS may be slow for some domains, and they belong to strangers: it is asked once in a round for
/// each of them, and orders that came to nothing for want of an answer come after all others in the next round. So they
/// hold up neither the others nor whatever else the process does.
final class Rounds {
    static final int AT_ONCE = 6;
    static final Duration ROUND = Duration.ofSeconds(30);

    private final Work work;
    private final Clock clock;
    /// Of those that came to nothing, in which round they had their last turn.
    private Map<String, Long> turns = Map.of();
    private long rounds;

    /// What is done for one.
    interface Work {
        /// False: the DNS does not say now whether it may be made.
        boolean lead(Order order) throws IOException;
    }

    Rounds(Work work, Clock clock) {
        this.work = work;
        this.clock = clock;
    }

    /// @throws IOException what went wrong with the first that failed; the others were worked on
    synchronized void round(List<Order> orders) throws IOException {
        Queue<Order> left = orders.stream()
                .sorted(Comparator.comparing(each -> turns.getOrDefault(each.id(), 0L)))
                .collect(Collectors.toCollection(ConcurrentLinkedQueue::new));
        var next = new ConcurrentHashMap<String, Long>();
        for (Order each : orders) if (turns.containsKey(each.id())) next.put(each.id(), turns.get(each.id()));
        turns = next;
        long round = ++rounds;
        Set<String> silent = ConcurrentHashMap.newKeySet();
        Instant end = clock.instant().plus(ROUND);
        var all = new ArrayList<Future<?>>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < Math.min(AT_ONCE, orders.size()); i++)
                all.add(threads.submit(() -> {
                    var failed = new ArrayList<IOException>();
                    while (clock.instant().isBefore(end)) {
                        Order order = left.poll();
                        if (order == null) break;
                        try {
                            String domain = order.address().domain();
                            if (!silent.contains(domain) && work.lead(order)) continue;
                            silent.add(domain);
                            next.put(order.id(), round);
                        } catch (IOException e) {
                            failed.add(e);
                        } catch (RuntimeException e) {
                            // We are wrong about this one; the others are not to pay for it.
                            failed.add(new IOException("order " + order.id() + " cannot be completed", e));
                            next.put(order.id(), round);
                        }
                    }
                    if (!failed.isEmpty()) throw failed.getFirst();
                    return true;
                }));
        }
        for (Future<?> each : all) check(each);
    }

    private static void check(Future<?> done) throws IOException {
        try {
            done.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failed) throw failed;
            throw new IllegalStateException(e);
        }
    }
}
