package dev.starling.ca;

import dev.starling.ca.registration.Authorizations;
import dev.starling.ca.registration.Judge;
import dev.starling.ca.registration.ReplyDesk;
import dev.starling.ca.registration.Silence;
import dev.starling.ca.store.Bells.Bell;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.ShownTable.Shown;
import dev.starling.ca.validation.Outbox;
import dev.starling.ca.validation.ProofCheck;
import dev.starling.ca.validation.ProofKey;
import dev.starling.ca.validation.Sending;
import dev.starling.ca.validation.TestMailbox;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// The role that proves mailboxes: it has the key of the codes, sends the mails, takes replies, judges what comes back.
final class Validation implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    private static final Duration LOOK = Duration.ofSeconds(10);

    private final CaStore store;
    private final ProofKey key;
    private final Judge judge;
    private final Silence silence;
    private final Optional<MailSide> mail;
    private final Optional<TestMailbox> mailbox;
    private final Outbox outbox;
    private final Clock clock;
    private final ScheduledExecutorService judging = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("ca-judging").factory());

    /// @param settings without mail: mails go to a page
    Validation(Path folder, Optional<MailSettings> settings, CaStore store, Silence silence, Clock clock)
            throws IOException {
        this.store = store;
        this.silence = silence;
        this.clock = clock;
        key = ProofKey.open(folder);
        judge = new Judge(store, key, clock);
        mail = settings.isPresent()
                ? Optional.of(new MailSide(settings.get(), folder, store, silence, key, clock))
                : Optional.empty();
        mailbox = settings.isPresent() ? Optional.empty() : Optional.of(new TestMailbox(clock));
        outbox = mail.isPresent()
                ? new Outbox(store, mail.get().mailer(), mail.get()::letter, clock)
                : new Outbox(store, mailbox.orElseThrow(), Outbox.plain(key), clock);
        show();
    }

    // Codes of one key mean nothing to another one.
    private void show() throws IOException {
        String text = check().text();
        boolean another = store.in(session -> {
            // Of two new ones at once one is first.
            session.crls().alone();
            Optional<byte[]> other = session.shown().find(Shown.PROOF_KEY);
            if (store.isShared() && other.isPresent() && !new String(other.get(), StandardCharsets.UTF_8).equals(text))
                return true;
            session.shown().put(Shown.PROOF_KEY, bytes(text));
            session.shown().put(Shown.SENDER, bytes(mail.map(MailSide::sender).orElse("")));
            session.shown().put(Shown.WAYS, bytes(String.join(" ", ways())));
            return false;
        });
        if (another)
            throw new IOException("Another process of this CA proves mailboxes with another key. Copy its proof.key to"
                    + " this one's folder. If it is lost: delete from shown where name = 'PROOF_KEY', and give the"
                    + " issuer the new one.");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /// From now on mails come and go, and what others left is judged.
    void start() throws IOException {
        if (mail.isPresent()) mail.get().receive(new ReplyDesk(store, judge, silence, clock));
        outbox.start();
        if (!store.isShared()) return;
        store.bells().on(Bell.MAIL, id -> {
            if (!id.isEmpty()) Thread.ofVirtual().name("ca-mail").start(() -> outbox.woken(id));
        });
        store.bells().on(Bell.ANSWER, id -> judging.execute(() -> look(id)));
        // A bell can be lost.
        var _ = judging.scheduleWithFixedDelay(() -> look(""), LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void look(String challenge) {
        try {
            judge.look(challenge);
        } catch (IOException | RuntimeException e) {
            // The next look comes by itself.
            LOG.log(System.Logger.Level.ERROR, "judging answers", e);
        }
    }

    Judge judge() {
        return judge;
    }

    Sending sending() {
        return outbox;
    }

    ProofCheck check() {
        return key.check();
    }

    /// The types of challenges that are offered.
    List<String> ways() {
        boolean replies = mail.map(MailSide::takesReplies).orElse(false);
        return replies ? List.of(Authorizations.CODE, Authorizations.REPLY) : List.of(Authorizations.CODE);
    }

    /// Of the mails; "" when they go to a page.
    String sender() {
        return mail.map(MailSide::sender).orElse("");
    }

    Optional<TestMailbox> mailbox() {
        return mailbox;
    }

    Optional<String> dnsRecord() {
        return mail.flatMap(MailSide::dnsRecord);
    }

    @Override
    public void close() throws IOException {
        judging.shutdownNow();
        outbox.close();
        if (mail.isPresent()) mail.get().close();
    }
}
