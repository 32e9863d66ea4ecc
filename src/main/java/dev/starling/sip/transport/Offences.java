package dev.starling.sip.transport;

import java.net.InetAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/// Counts what others do against us and names them in the log: one line for each kind and network in a minute, with
/// how often it happened since the last, and so many lines a minute in all. Whoever misbehaves does not write the log.
public final class Offences {
    private static final Duration QUIET = Duration.ofMinutes(1);
    private static final int MAX_KEYS = 1_000, LINES_A_MINUTE = 60, MAX_DETAIL = 80;

    private static final class Since {
        long millis;
        long more;
    }

    private final System.Logger log;
    private final InstantSource clock;
    private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();
    private final Map<String, Since> told = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Since> eldest) {
            return size() > MAX_KEYS;
        }
    };
    private long minute;
    private int lines;

    public Offences(System.Logger log, InstantSource clock) {
        this.log = log;
        this.clock = clock;
    }

    /// @param kind one of few, in words
    /// @param detail what else is known of it; others may have written it: it is made printable, and cut
    public void by(InetAddress who, String kind, String detail) {
        counts.computeIfAbsent(kind, _ -> new LongAdder()).increment();
        String network = Networks.of(who);
        long more = due(kind + " " + network);
        if (more < 0) return;
        String said = detail.isEmpty() ? "" : " (" + printable(detail) + ")";
        String often = more == 0 ? "" : ", and " + more + " times since the last such line";
        log.log(System.Logger.Level.INFO, () -> kind + ", from network " + network + said + often);
    }

    /// How often it was kept quiet; -1: is now.
    private synchronized long due(String key) {
        long now = clock.millis();
        if (now / 60_000 != minute) {
            minute = now / 60_000;
            lines = 0;
        }
        Since last = told.get(key);
        if (last != null && now - last.millis < QUIET.toMillis() || lines >= LINES_A_MINUTE) {
            if (last != null) last.more++;
            return -1;
        }
        lines++;
        var next = new Since();
        next.millis = now;
        told.put(key, next);
        return last == null ? 0 : last.more;
    }

    /// How often this kind happened.
    public long count(String kind) {
        LongAdder count = counts.get(kind);
        return count == null ? 0 : count.sum();
    }

    private static String printable(String detail) {
        var plain = new StringBuilder();
        for (int i = 0; i < Math.min(detail.length(), MAX_DETAIL); i++) {
            char c = detail.charAt(i);
            plain.append(c >= 0x20 && c < 0x7f ? c : '?');
        }
        return plain.append(detail.length() > MAX_DETAIL ? "…" : "").toString();
    }
}
