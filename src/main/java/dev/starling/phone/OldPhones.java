package dev.starling.phone;

import dev.starling.phone.Ha1.Algorithm;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Phones that look at the first challenge only, and give up when it is not MD5, although RFC 8760, section 2.4, says
/// to
/// go on to the next. Whoever asks a second time without credentials is offered MD5 alone, the third time both, and so
/// on in turn; whoever proved itself by MD5 before, MD5 alone. Kept for a network and the name in `From`, bounded: a
/// phone that is forgotten has to ask once more.
final class OldPhones {
    private static final Duration KEPT = Duration.ofHours(24);
    private static final int MAX_KEYS = 10_000, MAX_NAME = 128;

    /// @param branch of the request that was challenged last
    /// @param alone whether MD5 alone was offered to it
    /// @param old whether MD5 has proven itself
    private record Asked(String branch, boolean alone, boolean old, long millis) {}

    /// As if MD5 alone had been offered before: now both are.
    private static final Asked NEVER = new Asked("", true, false, 0);

    private final InstantSource clock;
    private final Map<String, Asked> asked = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Asked> eldest) {
            return size() > MAX_KEYS;
        }
    };

    OldPhones(InstantSource clock) {
        this.clock = clock;
    }

    private static String key(String network, SipMessage request) throws SipException {
        String name = request.from().uri();
        return network + " " + name.substring(0, Math.min(name.length(), MAX_NAME));
    }

    /// What to offer to whoever sent `request` without credentials.
    synchronized List<Algorithm> offer(String network, SipMessage request) throws SipException {
        String key = key(network, request);
        long now = clock.millis();
        Asked before = asked.getOrDefault(key, NEVER);
        if (now - before.millis >= KEPT.toMillis()) before = NEVER;
        // The same branch is the same request, sent again.
        boolean same = before.branch.equals(request.branch());
        boolean alone = before.old || (same ? before.alone : !before.alone);
        asked.put(key, new Asked(request.branch(), alone, before.old, now));
        return alone ? List.of(Algorithm.MD5) : List.of(Algorithm.values());
    }

    synchronized void proven(String network, SipMessage request, Algorithm by) throws SipException {
        if (by == Algorithm.MD5) asked.put(key(network, request), new Asked("", true, true, clock.millis()));
        else if (!asked.isEmpty()) asked.remove(key(network, request));
    }
}
