package dev.starling.ca.validation;

import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.MailLedger;
import dev.starling.ca.store.Order;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// The mails that wait to be handed over. Each is stored with its order before it is tried, so that a crash
/// loses none (one may go out twice, with the same code); tried at once and then at growing intervals, a
/// bounded number of times; the order says in plain words what is wrong.
public final class Outbox implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.ca");

    /// How long after the nth failed attempt the next one comes; after the last one the order fails.
    public static final List<Duration> INTERVALS = List.of(
            Duration.ofSeconds(20),
            Duration.ofMinutes(1),
            Duration.ofMinutes(5),
            Duration.ofMinutes(15),
            Duration.ofMinutes(60));

    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final int AT_ONCE = 16, A_LOOK = 100;
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final CaStore store;
    private final Mailer mailer;
    private final Clock clock;
    private final Semaphore places = new Semaphore(AT_ONCE);
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("ca-outbox").factory());

    public Outbox(CaStore store, Mailer mailer, Clock clock) {
        this.store = store;
        this.mailer = mailer;
        this.clock = clock;
    }

    /// Goes on with what an earlier process left, and looks for due mails from now on.
    public void start() throws IOException {
        store.mails().wake(now());
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
        for (var mail : store.mails().due(now(), A_LOOK)) attempt(mail);
    }

    /// The attempt that the person waits for. With too many under way at once it is left for later.
    public void first(String order, String language) throws IOException {
        try {
            if (!places.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        try {
            attempt(new MailLedger.Waiting(order, language, 0));
        } finally {
            places.release();
        }
    }

    private void attempt(MailLedger.Waiting mail) throws IOException {
        var order = store.order(mail.order());
        if (order.isEmpty()
                || order.get().status() != Order.Status.PENDING
                || order.get().isOver(now())) {
            store.mails().done(mail.order());
            return;
        }
        boolean last = mail.attempts() >= INTERVALS.size();
        Duration pause = last ? Duration.ofDays(2) : INTERVALS.get(mail.attempts());
        if (!store.mails().claim(mail, now() + pause.toSeconds())) return;
        hand(order.get(), mail.language(), last, pause);
    }

    private void hand(Order order, String language, boolean last, Duration pause) throws IOException {
        try {
            mailer.send(
                    order.address(),
                    ChallengeMail.subject(order.part1()),
                    ChallengeMail.text(order.address(), order.part1(), language));
            if (!order.error().isEmpty()) change(order, order.troubled(""));
            store.mails().done(order.id());
        } catch (Mailer.Refused e) {
            LOG.log(System.Logger.Level.INFO, "order {0}: {1}", order.id(), e.getMessage());
            change(order, order.failed(e.getMessage() + " Check the address and ask again."));
            store.mails().done(order.id());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "order {0}: {1}", order.id(), e.getMessage());
            change(
                    order,
                    last
                            ? order.failed(
                                    e.getMessage() + " The mail with the code could not be sent. Ask again later.")
                            : order.troubled(e.getMessage() + " The mail with the code is not on its way yet; the next"
                                    + " attempt is in " + words(pause) + "."));
            if (last) store.mails().done(order.id());
        }
    }

    // Unless something else has happened to the order while the mail server took its time.
    private void change(Order before, Order after) throws IOException {
        if (store.order(before.id()).filter(before::equals).isPresent()) store.save(after);
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
