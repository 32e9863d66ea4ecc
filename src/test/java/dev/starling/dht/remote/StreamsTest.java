package dev.starling.dht.remote;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StreamsTest {
    private static final Dht.Watcher DEAF = _ -> {};

    private static Lines nothing(Collection<String> keys) throws IOException {
        throw new IOException("no store, " + keys.size() + " keys");
    }

    private static void watch(Streams streams, ScheduledExecutorService alarms, int from, int many) throws Exception {
        for (int i = from; i < from + many; i++) streams.watch("key " + i, DEAF);
        // They are settled when this, which is due later, has run.
        alarms.schedule(() -> {}, 2 * Streams.SETTLE_MILLIS, TimeUnit.MILLISECONDS)
                .get();
    }

    @Test
    void eachCrowdSmallerThanTheOneBeforeStillMakesFewStreams() throws DhtException, Exception {
        try (var alarms = Executors.newSingleThreadScheduledExecutor();
                var streams = new Streams(StreamsTest::nothing, Duration.ofSeconds(1), alarms)) {
            int from = 0;
            for (int many = 30; many > 0; from += many--) {
                watch(streams, alarms, from, many);
                assertTrue(streams.size() <= 9, streams.size() + " streams");
            }
        }
    }
}
