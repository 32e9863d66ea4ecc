package dev.starling.ca.validation;

import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Certificate;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.MailTable;
import dev.starling.ca.store.Session;
import dev.starling.identity.Address;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// The mails that wait to be handed over. Each is stored with its authorization before it is tried, so that a crash
/// loses none (one may go out twice, with the same code); tried at once and then at growing intervals, a
/// bounded number of times; the authorization says in plain words what is wrong.
public final class Outbox implements Sending, AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.ca");

    /// How long after the nth failed attempt the next one comes; after the last one the authorization fails.
    public static final List<Duration> INTERVALS = List.of(
            Duration.ofSeconds(20),
            Duration.ofMinutes(1),
            Duration.ofMinutes(5),
            Duration.ofMinutes(15),
            Duration.ofMinutes(60));

    private static final Duration LOOK = Duration.ofSeconds(5), UNMADE = Duration.ofSeconds(20);
    private static final int AT_ONCE = 16, A_LOOK = 100;
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final CaStore store;
    private final Mailer mailer;
    private final Letters letters;
    private final Clock clock;
    private final Semaphore places = new Semaphore(AT_ONCE);
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("ca-outbox").factory());

    /// The code and what to do with it.
    public static Letters plain(ProofKey key) {
        return (to, language) -> {
            String code = key.code(to.id(), to.value());
            return new Mailer.Letter(
                    to.value(), ChallengeMail.subject(code), ChallengeMail.text(to.value(), code, language), "", "");
        };
    }

    /// What a challenge's mail says.
    public interface Letters {
        /// @param language an Accept-Language header
        Mailer.Letter of(Authorization authorization, String language);
    }

    /// What is handed over.
    ///
    /// @param chain the certificate that it carries, PEM; "": it carries the code
    private record Mail(Authorization to, String language, String chain) {}

    public Outbox(CaStore store, Mailer mailer, Letters letters, Clock clock) {
        this.store = store;
        this.mailer = mailer;
        this.letters = letters;
        this.clock = clock;
    }

    /// Goes on with what an earlier process left, and looks for due mails from now on.
    public void start() throws IOException {
        store.change(session -> session.mails().wake(now()));
        var _ = timer.scheduleWithFixedDelay(this::look, 0, LOOK.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void look() {
        try {
            again();
        } catch (IOException | RuntimeException e) {
            // The next look comes by itself; without this the timer would end for good.
            LOG.log(System.Logger.Level.ERROR, "looking for mails to send", e);
        }
    }

    /// Tries every mail that is due, one after the other.
    public void again() throws IOException {
        List<MailTable.Waiting> due = store.in(session -> session.mails().due(now(), A_LOOK));
        for (var mail : due) {
            try {
                attempt(mail);
            } catch (RuntimeException e) {
                // One that makes no sense must hold up no other.
                LOG.log(System.Logger.Level.ERROR, "authorization " + mail.authorization() + ": its mail", e);
            }
        }
    }

    /// The attempt that the person waits for. With too many under way at once it is left for later.
    @Override
    public void first(String authorization, String language) throws IOException {
        try {
            if (!places.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        try {
            attempt(new MailTable.Waiting(authorization, language, 0, MailTable.Kind.CODE));
        } finally {
            places.release();
        }
    }

    /// The same, for one that another process has stored.
    public void woken(String authorization) {
        try {
            var waits = store.in(session -> session.mails().waiting(authorization));
            if (waits.filter(each -> each.attempts() == 0).isPresent() && places.tryAcquire()) {
                try {
                    attempt(waits.get());
                } finally {
                    places.release();
                }
            }
        } catch (IOException | RuntimeException e) {
            // It is found again by the next look.
            LOG.log(System.Logger.Level.ERROR, "authorization " + authorization + ": its mail", e);
        }
    }

    private void attempt(MailTable.Waiting mail) throws IOException {
        boolean last = mail.attempts() >= INTERVALS.size();
        Duration pause = last ? Duration.ofDays(2) : INTERVALS.get(mail.attempts());
        Optional<Mail> open = store.in(session -> {
            Optional<Mail> waits =
                    mail.kind() == MailTable.Kind.CODE ? code(session, mail) : certificate(session, mail);
            if (waits.isEmpty() && (isEarly(session, mail) || isAwaited(session, mail)))
                session.mails().later(mail, now() + UNMADE.toSeconds());
            else if (waits.isEmpty()) session.mails().done(mail.authorization(), mail.kind());
            else if (!session.mails().claim(mail, now() + pause.toSeconds())) return Optional.empty();
            return waits;
        });
        if (open.isEmpty()) return;
        if (open.get().chain().isEmpty()) hand(open.get(), last, pause);
        else handCertificate(open.get(), last);
    }

    private Optional<Mail> code(Session session, MailTable.Waiting mail) {
        return session.authorizations()
                .byId(mail.authorization())
                .filter(each -> each.status() == Authorization.Status.PENDING && !each.isOver(now()))
                .filter(each -> Address.isMailbox(each.value()))
                .map(each -> new Mail(each, mail.language(), ""));
    }

    // The front's clock is ahead of ours; that passes.
    private boolean isEarly(Session session, MailTable.Waiting mail) {
        return session.authorizations()
                .byId(mail.authorization())
                .filter(each -> each.status() == Authorization.Status.PENDING && each.isEarly(now()))
                .filter(each -> Address.isMailbox(each.value()))
                .isPresent();
    }

    private boolean isAwaited(Session session, MailTable.Waiting mail) {
        return mail.kind() == MailTable.Kind.CERTIFICATE && session.orders().isAwaited(mail.authorization(), now());
    }

    private static Optional<Mail> certificate(Session session, MailTable.Waiting mail) {
        Optional<Authorization> to = session.authorizations().byId(mail.authorization());
        Optional<Certificate> made = session.orders()
                .issued(mail.authorization())
                .flatMap(order -> session.certificates().bySerial(order.serial()));
        return to.filter(each -> Address.isMailbox(each.value())).isEmpty() || made.isEmpty()
                ? Optional.empty()
                : Optional.of(new Mail(to.get(), mail.language(), made.get().chain()));
    }

    // Whoever asked for it can fetch it, too.
    private void handCertificate(Mail mail, boolean last) throws IOException {
        Authorization to = mail.to();
        boolean over = true;
        try {
            mailer.send(CertificateMail.letter(to.value(), mail.chain(), mail.language()));
        } catch (Mailer.Refused e) {
            LOG.log(System.Logger.Level.INFO, "certificate of authorization {0}: {1}", to.id(), e.getMessage());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "certificate of authorization {0}: {1}", to.id(), e.getMessage());
            over = last;
        }
        if (over) store.change(session -> session.mails().done(to.id(), MailTable.Kind.CERTIFICATE));
    }

    private void hand(Mail mail, boolean last, Duration pause) throws IOException {
        Authorization to = mail.to();
        try {
            mailer.send(letters.of(to, mail.language()));
            done(to);
        } catch (Mailer.Refused e) {
            LOG.log(System.Logger.Level.INFO, "authorization {0}: {1}", to.id(), e.getMessage());
            failed(to, e.getMessage() + " Check the address and ask again.");
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "authorization {0}: {1}", to.id(), e.getMessage());
            if (last) failed(to, e.getMessage() + " The mail with the code could not be sent. Ask again later.");
            else
                store.change(session -> session.authorizations()
                        .troubled(
                                to.id(),
                                fault(e.getMessage() + " The mail with the code is not on its way yet; the next"
                                        + " attempt is in " + words(pause) + ".")));
        }
    }

    private static Fault fault(String words) {
        return new Fault("connection", words);
    }

    private void done(Authorization to) throws IOException {
        store.change(session -> {
            session.authorizations().troubled(to.id(), Fault.NONE);
            session.mails().done(to.id(), MailTable.Kind.CODE);
        });
    }

    // Unless something else has happened to it while the mail server took its time.
    private void failed(Authorization to, String why) throws IOException {
        store.change(session -> {
            boolean waits = session.authorizations()
                    .held(to.id())
                    .filter(each -> each.status() == Authorization.Status.PENDING)
                    .isPresent();
            if (waits) session.authorizations().end(to.id(), Authorization.Status.INVALID, fault(why));
            session.mails().done(to.id(), MailTable.Kind.CODE);
        });
    }

    private static String words(Duration pause) {
        long minutes = pause.toMinutes();
        return minutes == 0 ? pause.toSeconds() + " seconds" : minutes == 1 ? "a minute" : minutes + " minutes";
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
