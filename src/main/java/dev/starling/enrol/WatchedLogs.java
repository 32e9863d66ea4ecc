package dev.starling.enrol;

import dev.starling.acme.Json;
import dev.starling.acme.Problem;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.Frontier;
import dev.starling.identity.log.Merkle;
import dev.starling.identity.log.TileTree;
import dev.starling.identity.log.Watcher;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;

/// What [LogWatch] remembers from one look to the next, in a file for its owner.
///
/// @param known SHA-256, hexadecimal, of certificates that are ours or were told
record WatchedLogs(Map<String, Watched> all, SequencedSet<String> known) {
    private static final int MAX_KNOWN = 200, MAX_LOGS = 50, MAX_BYTES = 1 << 20;
    /// The year 9999.
    private static final long LATEST = 253_402_300_799L;

    /// @param name of the log, and the address
    /// @param at the last look
    /// @param good the last look that ended well
    record Watched(String name, Optional<Watcher.Seen> seen, Instant at, Instant good) {
        /// Its edge is that of its head, or there is none: then the watch begins anew.
        Watched {
            seen = seen.filter(Watched::isWhole);
        }

        private static boolean isWhole(Watcher.Seen seen) {
            try {
                var head = Checkpoint.parse(seen.checkpoint()).head();
                int hashes = seen.edge().length / Merkle.HASH_BYTES;
                return new Frontier(head.size(), TileTree.hashes(seen.edge(), hashes))
                        .head()
                        .equals(head);
            } catch (IdentityException | RuntimeException e) {
                return false;
            }
        }

        boolean isDue(Instant now, Duration every) {
            // A clock that was set back does not end the watch.
            return !now.isBefore(at.plus(every)) || now.isBefore(at);
        }

        Watched after(Watcher.Seen shown, Instant now, boolean isFresh) {
            return new Watched(name, Optional.of(shown), now, isFresh || good.isAfter(now) ? now : good);
        }

        Watched failed(Instant now) {
            return new Watched(name, seen, now, good);
        }
    }

    /// Empty when there is none, or none that can be read: then the watch begins anew.
    static WatchedLogs load(Path file) throws IOException {
        var logs = new WatchedLogs(new LinkedHashMap<>(), new LinkedHashSet<>());
        if (!Files.exists(file) || Files.size(file) > MAX_BYTES) return logs;
        try {
            Map<String, Object> json = Json.object(Files.readAllBytes(file));
            if (json.get("known") instanceof List<?> known)
                for (Object each : known) logs.known.add(String.valueOf(each));
            if (json.get("logs") instanceof List<?> list)
                for (Object each : list) if (each instanceof Map<?, ?> one) logs.put(read(one));
        } catch (Problem | IllegalArgumentException e) {
            return new WatchedLogs(new LinkedHashMap<>(), new LinkedHashSet<>());
        }
        return logs;
    }

    private static Watched read(Map<?, ?> json) {
        Optional<Watcher.Seen> seen =
                json.get("checkpoint") instanceof String checkpoint && json.get("edge") instanceof String edge
                        ? Optional.of(new Watcher.Seen(
                                Base64.getDecoder().decode(checkpoint),
                                Base64.getDecoder().decode(edge)))
                        : Optional.empty();
        return new Watched(String.valueOf(json.get("name")), seen, instant(json, "at"), instant(json, "good"));
    }

    private static Instant instant(Map<?, ?> json, String name) {
        return json.get(name) instanceof Long number && number >= 0 && number <= LATEST
                ? Instant.ofEpochSecond(number)
                : Instant.EPOCH;
    }

    /// One that was not seen yet counts as good from now on.
    Watched of(String name, Instant now) {
        return all.getOrDefault(name, new Watched(name, Optional.empty(), Instant.EPOCH, now));
    }

    void put(Watched watched) {
        all.remove(watched.name);
        all.put(watched.name, watched);
        while (all.size() > MAX_LOGS) all.remove(all.keySet().iterator().next());
    }

    void save(Path file) throws IOException {
        while (known.size() > MAX_KNOWN) known.removeFirst();
        var logs = new ArrayList<Map<String, Object>>();
        for (Watched each : all.values()) {
            var json = new LinkedHashMap<String, Object>();
            json.put("name", each.name);
            json.put("at", each.at.getEpochSecond());
            json.put("good", each.good.getEpochSecond());
            each.seen.ifPresent(seen -> {
                json.put("checkpoint", Base64.getEncoder().encodeToString(seen.checkpoint()));
                json.put("edge", Base64.getEncoder().encodeToString(seen.edge()));
            });
            logs.add(json);
        }
        String text = Json.write(Map.of("known", List.copyOf(known), "logs", logs));
        Keys.writeOwnerOnly(file, text.getBytes(StandardCharsets.UTF_8));
    }
}
