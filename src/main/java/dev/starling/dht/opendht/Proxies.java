package dev.starling.dht.opendht;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// The proxies that we know, asked every few seconds how they are. Whoever chooses gets the well ones first, in a
/// changing order; when none is well the others are tried all the same.
final class Proxies {
    private static final System.Logger LOG = System.getLogger("starling.dht");

    private static final CompletableFuture<Void> COMPLETE = CompletableFuture.completedFuture(null);

    private final List<Proxy> all;
    private final Rest rest;
    private final Duration patience;
    private final AtomicReference<CompletableFuture<Void>> asking = new AtomicReference<>(COMPLETE);
    private volatile Consumer<Proxy> onFailure = _ -> {};

    Proxies(List<URI> bases, Rest rest, Duration patience, Duration round) {
        all = bases.stream().map(Proxy::new).toList();
        this.rest = rest;
        this.patience = patience;
        var _ = rest.alarms()
                .scheduleWithFixedDelay(
                        () -> {
                            var _ = ask();
                        },
                        0,
                        round.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    /// Told each time a proxy fails that was well or has streams.
    void onFailure(Consumer<Proxy> told) {
        onFailure = told;
    }

    int size() {
        return all.size();
    }

    void failed(Proxy proxy, String why) {
        if (rest.closed()) return;
        boolean well = proxy.failed(why);
        if (well) LOG.log(System.Logger.Level.INFO, () -> "DHT proxy " + proxy + " fails: " + why);
        // A stream may have been opened while it was failing, because no other was there.
        if (well || proxy.streams.get() > 0) onFailure.accept(proxy);
    }

    /// Usable ones first, in random order; then the others, those first that may be tried soonest.
    List<Proxy> forReading() {
        return ordered(Proxy::usable);
    }

    /// Trusted ones first.
    List<Proxy> forWriting() {
        return ordered(Proxy::trusted);
    }

    private List<Proxy> ordered(java.util.function.Predicate<Proxy> good) {
        var first = new ArrayList<Proxy>();
        var rest = new ArrayList<Proxy>();
        for (Proxy each : all) (good.test(each) ? first : rest).add(each);
        Collections.shuffle(first);
        rest.sort(Comparator.comparingLong(Proxy::freeAt));
        first.addAll(rest);
        return first;
    }

    /// The one with the fewest streams.
    Proxy forStream() {
        var order = forReading();
        return order.stream()
                .filter(p -> p.well() && p.usable())
                .min(Comparator.comparingInt(p -> p.streams.get()))
                .orElse(order.getFirst());
    }

    private CompletableFuture<Void> ask(Proxy proxy) {
        return rest.others(proxy, patience)
                .thenAccept(nodes -> {
                    proxy.knows(nodes);
                    proxy.worked();
                })
                .exceptionally(failure -> {
                    failed(proxy, Rest.why(failure));
                    return null;
                });
    }

    // However many want to know: one question at a time to each.
    private CompletableFuture<Void> ask() {
        return asking.updateAndGet(now -> now.isDone()
                ? CompletableFuture.allOf(all.stream().map(this::ask).toArray(CompletableFuture[]::new))
                : now);
    }

    /// `ok`, or what is wrong, in words. Asks each proxy now: what was asked before may be answered by one that is
    /// gone.
    String health() {
        asking.get().join();
        ask().join();
        if (all.stream().noneMatch(Proxy::well))
            return "no DHT proxy works (" + all.stream().map(Proxy::words).collect(Collectors.joining(", ")) + ")";
        return all.stream().anyMatch(p -> p.well() && p.others() > 0)
                ? "ok"
                : "the DHT node knows no other node yet: nobody else finds what is stored here"
                        + " (name a node of the network with --dht-bootstrap host:port)";
    }

    /// Those that work now.
    int working() {
        return (int) all.stream().filter(Proxy::well).count();
    }
}
