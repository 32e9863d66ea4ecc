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

/// Renews the certificates of a peer's phones by itself, while the proof of their address is good: then no mail is
/// needed. When it is over, the log says what to do, as ever. And looks daily in the logs of the CAs for certificates
/// of
/// their addresses that somebody else got.
final class PhoneRenewal implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.phone");
    private static final Duration FIRST = Duration.ofMinutes(1), AGAIN = Duration.ofHours(6), DAY = Duration.ofDays(1);

    private final PhoneFolder folder;
    private final CertificateVerifier verifier;
    private final TransactionLayer.Timers timers;
    private final Clock clock;
    private volatile Runnable stop = () -> {};
    private volatile boolean closed;

    PhoneRenewal(PhoneFolder folder, CertificateVerifier verifier, TransactionLayer.Timers timers, Clock clock) {
        this.folder = folder;
        this.verifier = verifier;
        this.timers = timers;
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
            var key = folder.key(each.user());
            if (!Enrolment.isDue(Keys.load(key).chain().getFirst(), clock.instant())) continue;
            try {
                if (!Enrolment.renewQuietly(each.address(), key, verifier, clock)) continue;
                // The running server takes it up.
                folder.complete(each);
                LOG.log(System.Logger.Level.INFO, () -> "the certificate of phone " + each.user() + " was renewed");
            } catch (EnrolmentException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        () -> "phone " + each.user() + " is not renewed yet: " + e.detail());
            }
        }
    }

    /// After the renewals: a log that answers slowly must not keep them up.
    private void watch() throws IOException {
        var watch = new LogWatch(verifier.anchors().anchors(), HttpLog::new, clock);
        for (PhoneAccount each : folder.all()) {
            if (closed) return;
            try {
                for (String said : watch.look(each.address(), folder.key(each.user()), DAY))
                    LOG.log(System.Logger.Level.WARNING, () -> "phone " + each.user() + ": " + said);
            } catch (IOException | RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, "the logs are not looked at for phone " + each.user(), e);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        stop.run();
    }
}
