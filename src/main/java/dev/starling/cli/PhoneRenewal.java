package dev.starling.cli;

import dev.starling.enrol.Enrolment;
import dev.starling.enrol.EnrolmentException;
import dev.starling.enrol.LogWatch;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.phone.PhoneAccount;
import dev.starling.phone.PhoneFolder;
import dev.starling.sip.transaction.TransactionLayer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Function;

/// Renews the certificates of a peer's phones by itself, while the proof of their address is good: then no mail is
/// needed. When it is over, the log says what to do, as ever. And looks daily in the logs of the CAs for certificates
/// of their addresses that somebody else got.
final class PhoneRenewal implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.phone");
    private static final Duration FIRST = Duration.ofMinutes(1), AGAIN = Duration.ofHours(6), DAY = Duration.ofDays(1);

    private final PhoneFolder folder;
    private final CertificateVerifier verifier;
    private final TransactionLayer.Timers timers;
    private final Function<String, LogWatch.Open> logs;
    private final Clock clock;
    private volatile Runnable stop = () -> {};
    private volatile boolean closed;

    /// @param logs reads one from a URL
    PhoneRenewal(
            PhoneFolder folder,
            CertificateVerifier verifier,
            TransactionLayer.Timers timers,
            Function<String, LogWatch.Open> logs,
            Clock clock) {
        this.folder = folder;
        this.verifier = verifier;
        this.timers = timers;
        this.logs = logs;
        this.clock = clock;
    }

    void start() {
        stop = timers.after(FIRST, this::round);
    }

    private void round() {
        try {
            look();
            watch();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the phones are not to be read", e);
        } finally {
            if (!closed) stop = timers.after(AGAIN, this::round);
        }
    }

    /// Renews those that are due. One that cannot be renewed stops no other.
    void look() throws IOException {
        for (PhoneAccount each : folder.all()) {
            if (closed) return;
            try {
                look(each);
            } catch (EnrolmentException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        () -> "phone " + each.user() + " is not renewed yet: " + e.detail());
            } catch (IOException | RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, "phone " + each.user() + " is not renewed yet", e);
            }
        }
    }

    private void look(PhoneAccount phone) throws IOException, EnrolmentException {
        var key = folder.key(phone.user());
        if (!Enrolment.isDue(Keys.load(key).chain().getFirst(), clock.instant())) return;
        if (!Enrolment.renewQuietly(phone.address(), key, verifier, clock)) return;
        // The running server takes it up.
        folder.complete(phone);
        LOG.log(System.Logger.Level.INFO, () -> "the certificate of phone " + phone.user() + " was renewed");
    }

    /// After the renewals: a log that answers slowly must not keep them up.
    private void watch() throws IOException {
        var watch = new LogWatch(verifier.anchors().anchors(), logs, clock);
        for (PhoneAccount each : folder.all()) {
            if (closed) return;
            try {
                watch.look(each.address(), folder.key(each.user()), DAY, ear(each.user()));
            } catch (IOException | RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, "the logs are not looked at for phone " + each.user(), e);
            }
        }
    }

    private static LogWatch.Ear ear(String user) {
        return new LogWatch.Ear() {
            @Override
            public void alarm(String sentence) {
                LOG.log(System.Logger.Level.WARNING, () -> "phone " + user + ": " + sentence);
            }

            @Override
            public void unread(String sentence) {
                LOG.log(System.Logger.Level.INFO, () -> "phone " + user + ": " + sentence);
            }
        };
    }

    @Override
    public void close() {
        closed = true;
        stop.run();
    }
}
