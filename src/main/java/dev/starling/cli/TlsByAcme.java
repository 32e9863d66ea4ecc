package dev.starling.cli;

import dev.starling.enrol.DomainCertificate;
import dev.starling.enrol.Enrolment;
import dev.starling.enrol.EnrolmentException;
import dev.starling.enrol.ExternalKey;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// A certificate of a CA of the web for our name, got and renewed by ourselves: asked for when there is none, and again
/// when two thirds of its life are over.
final class TlsByAcme implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.tls");
    /// A CA allows a few failures an hour.
    private static final Duration LOOK = Duration.ofHours(1), LAST_CALL = Duration.ofDays(7);

    private final String domain;
    private final Path file;
    private final DomainCertificate authority;
    private final Clock clock;
    private final WebTls tls;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("tls-renewal").factory());

    /// Takes as long as the CA does, the first time.
    ///
    /// @param key by which the CA makes an account; empty: it makes one for everybody
    /// @param folder for the certificate and the key of the account
    TlsByAcme(
            URI directory,
            Optional<ExternalKey> key,
            String domain,
            Path folder,
            DomainCertificate.Challenges challenges,
            Clock clock)
            throws IOException {
        this.domain = domain;
        this.clock = clock;
        Files.createDirectories(folder);
        file = folder.resolve("web.p12");
        authority = new DomainCertificate(directory, folder.resolve("acme.account"), key, challenges);
        var kept = kept();
        tls = new WebTls(kept.isPresent() ? kept.get() : first());
        var _ = timer.scheduleWithFixedDelay(this::look, 0, LOOK.toSeconds(), TimeUnit.SECONDS);
    }

    WebTls tls() {
        return tls;
    }

    /// What an earlier start got, while it is good for this name.
    private Optional<Keys.Held> kept() throws IOException {
        if (!Files.exists(file)) return Optional.empty();
        Keys.Held held = Keys.load(file);
        boolean good = held.chain().getFirst().getNotAfter().toInstant().isAfter(clock.instant());
        return good && DomainCertificate.isFor(held.chain().getFirst(), domain) ? Optional.of(held) : Optional.empty();
    }

    private Keys.Held first() throws IOException {
        LOG.log(System.Logger.Level.INFO, () -> "asking for a certificate for " + domain + " …");
        try {
            return obtained();
        } catch (EnrolmentException e) {
            throw new IOException(
                    "no certificate for " + domain + ": " + AccountKeyOption.words(e, "--acme-eab-file"), e);
        }
    }

    private Keys.Held obtained() throws EnrolmentException, IOException {
        var held = authority.obtain(domain);
        Keys.save(file, held);
        return held;
    }

    private void look() {
        if (!Enrolment.isDue(tls.leaf(), clock.instant())) return;
        try {
            // Served before it is kept: a disk that is full must not cost one certificate after the other.
            var held = authority.obtain(domain);
            tls.serve(held);
            Keys.save(file, held);
            LOG.log(
                    System.Logger.Level.INFO,
                    () -> "a new certificate, good until "
                            + tls.leaf().getNotAfter().toInstant());
        } catch (EnrolmentException | IOException | RuntimeException e) {
            var end = tls.leaf().getNotAfter().toInstant();
            boolean soon = clock.instant().plus(LAST_CALL).isAfter(end);
            LOG.log(
                    soon ? System.Logger.Level.ERROR : System.Logger.Level.WARNING,
                    () -> "no new certificate yet, the old one ends at " + end + ": " + e.getMessage());
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
