package dev.starling.ca.validation;

import dev.starling.mail.DkimKeys;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Asks for the keys of a domain whose name server does not answer once in half a minute, however many mails it has
/// signed, and by however many selectors. Each question costs seconds, and whose domain it is may want that.
public final class SilentDomains implements DkimKeys {
    static final Duration PAUSE = Duration.ofSeconds(30);
    private static final int MOST = 1_000;

    private final DkimKeys keys;
    private final InstantSource clock;
    private final Map<String, Instant> silent = new ConcurrentHashMap<>();

    public SilentDomains(DkimKeys keys, InstantSource clock) {
        this.keys = keys;
        this.clock = clock;
    }

    @Override
    public Answer find(String selector, String domain) throws IOException {
        Instant now = clock.instant();
        Instant until = silent.get(domain);
        // Also when the clock was set back.
        if (until != null && now.isBefore(until) && !now.plus(PAUSE).isBefore(until))
            throw new IOException("the DNS did not answer for " + domain + " a moment ago");
        try {
            Answer answer = keys.find(selector, domain);
            silent.remove(domain);
            return answer;
        } catch (IOException e) {
            if (silent.size() >= MOST) silent.values().removeIf(each -> !now.isBefore(each));
            if (silent.size() < MOST) silent.put(domain, clock.instant().plus(PAUSE));
            throw e;
        }
    }
}
