package dev.starling.identity;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/// The lists of withdrawn certificates that the certificates and anchors met so far name: fetched once, kept until
/// the next is due. What a list said once counts as long as this process runs. A list that cannot be had stops nobody:
/// it is asked for again (RFC 5280, section 6.3, is departed from: who can keep a list away could otherwise stop
/// everybody).
public final class CrlStore implements Revocations {
    /// Gets the bytes behind a URL, at most [Crl#MAX_BYTES].
    public interface Fetch {
        byte[] get(String url) throws IOException;
    }

    private static final int MAX_LISTS = 256;
    private static final Duration AGAIN = Duration.ofMinutes(10),
            SOON = Duration.ofHours(1),
            LONGEST = Duration.ofHours(24);
    /// One of at most so many bytes is asked for again [#SOON].
    private static final int SHORT_BYTES = 64 * 1024;

    /// @param issuer base64 of the issuer's key
    private record Name(String url, String issuer) {}

    /// @param der the list as it was fetched; empty when there is none yet
    /// @param again when to fetch next
    private record Kept(CertificateFields issuer, byte[] der, Set<String> serials, Instant issued, Instant again) {}

    private final Map<Name, Kept> lists = new ConcurrentHashMap<>();
    private final Fetch fetch;
    private final Executor executor;
    private final Clock clock;

    /// @param executor runs the fetching; one that runs at once makes the verifier wait for it
    public CrlStore(Fetch fetch, Executor executor, Clock clock) {
        this.fetch = fetch;
        this.executor = executor;
        this.clock = clock;
    }

    /// Fetches what the anchor files name, before anybody asks.
    public void watch(TrustAnchors anchors) {
        for (var read : anchors.readable()) for (String url : read.anchor().crls()) want(url, read.fields(), executor);
    }

    @Override
    public boolean revoked(CertificateFields certificate, Issuer issuer) {
        var urls = new LinkedHashSet<>(certificate.extensions().crls());
        urls.addAll(issuer.crls());
        for (String url : urls) want(url, issuer.certificate(), executor);
        String key = key(issuer.certificate());
        return lists.entrySet().stream()
                .anyMatch(list -> list.getKey().issuer.equals(key)
                        && list.getValue().serials.contains(certificate.serialHex()));
    }

    private static String key(CertificateFields issuer) {
        return Base64.getEncoder().encodeToString(issuer.spki());
    }

    private void want(String url, CertificateFields issuer, Executor by) {
        var name = new Name(url, key(issuer));
        Instant now = clock.instant();
        Kept old = lists.get(name);
        if (old != null && old.again.isAfter(now) || old == null && lists.size() >= MAX_LISTS) return;
        Kept waiting = new Kept(
                issuer,
                old == null ? new byte[0] : old.der,
                old == null ? Set.of() : old.serials,
                old == null ? Instant.EPOCH : old.issued,
                now.plus(AGAIN));
        // Whoever was first fetches.
        boolean first = old == null ? lists.putIfAbsent(name, waiting) == null : lists.replace(name, old, waiting);
        if (first) by.execute(() -> update(name, waiting));
    }

    private void update(Name name, Kept old) {
        try {
            byte[] der = fetch.get(name.url);
            Crl crl = Crl.parse(der);
            Instant now = clock.instant();
            crl.verify(old.issuer, name.url, now);
            if (crl.thisUpdate().isBefore(old.issued)) throw new IdentityException("expired", "older than the last");
            var serials = new HashSet<>(old.serials);
            serials.addAll(crl.serials());
            Instant latest = now.plus(der.length <= SHORT_BYTES ? SOON : LONGEST);
            Instant again = crl.nextUpdate().isBefore(latest) ? crl.nextUpdate() : latest;
            lists.put(name, new Kept(old.issuer, der, Set.copyOf(serials), crl.thisUpdate(), again));
        } catch (IOException | IdentityException e) {
            System.getLogger("starling.identity")
                    .log(System.Logger.Level.WARNING, "revocation list " + name.url + ": " + e.getMessage());
        }
    }

    /// The list behind a URL that a believed certificate or an anchor names, as fetched last; fetched anew when it is
    /// due. Empty for every other URL.
    public Optional<byte[]> list(String url) {
        for (var list : lists.entrySet())
            if (list.getKey().url.equals(url)) want(url, list.getValue().issuer, Runnable::run);
        return lists.entrySet().stream()
                .filter(list -> list.getKey().url.equals(url) && list.getValue().der.length > 0)
                .map(list -> list.getValue().der.clone())
                .findFirst();
    }

    /// How many lists are known, for the metrics.
    public int size() {
        return lists.size();
    }
}
