package dev.starling.enrol;

import dev.starling.acme.Problem;
import dev.starling.enrol.EnrolmentException.Reason;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.mail.DkimKeys;
import dev.starling.mail.MailRefused;
import dev.starling.mail.MailServer;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/// Proves an address by answering the CA's mail out of the user's own mailbox (`email-reply-00`, RFC 8823). Only mails
/// that the CA's domain signed are answered, and with the response for our own open order, which is worth nothing for
/// any other: nobody gets somebody else's order proven by writing such a mail. Each is answered once.
public final class ReplyByMail {
    /// Others can order for the address too, so not every genuine challenge is ours; the CA's limits are lower.
    private static final int MOST_REPLIES = 5;

    private static final Duration PATIENCE = Duration.ofMinutes(15), PAUSE = Duration.ofSeconds(20);
    private static final Duration FIRST_POLL = Duration.ofSeconds(1), LAST_POLL = Duration.ofSeconds(15);
    private final MailServer imap, smtp;
    private final DkimKeys keys;
    private final InstantSource clock;
    private final Consumer<String> progress;
    private final Duration patience, pause;

    /// @param imap the mailbox of the address
    /// @param smtp the server that takes mails from its owner
    /// @param progress told in sentences what happens
    public ReplyByMail(
            MailServer imap, MailServer smtp, DkimKeys keys, InstantSource clock, Consumer<String> progress) {
        this(imap, smtp, keys, clock, progress, PATIENCE, PAUSE);
    }

    ReplyByMail(
            MailServer imap,
            MailServer smtp,
            DkimKeys keys,
            InstantSource clock,
            Consumer<String> progress,
            Duration patience,
            Duration pause) {
        this.imap = imap;
        this.smtp = smtp;
        this.keys = keys;
        this.clock = clock;
        this.progress = progress;
        this.patience = patience;
        this.pause = pause;
    }

    /// One proof under way.
    private final class Proof {
        private final AcmeClient acme;
        private final String authorization;
        private final Address address;
        private final UserMailbox mailbox;
        private final Answered kept;
        private final Set<String> answered = new HashSet<>();
        private String saidBefore = "";
        private Duration poll = pause;

        Proof(AcmeClient acme, String authorization, Address address, UserMailbox mailbox, Answered kept) {
            this.kept = kept;
            this.acme = acme;
            this.authorization = authorization;
            this.address = address;
            this.mailbox = mailbox;
        }

        void run() throws EnrolmentException, Problem, IOException, InterruptedException {
            long end = System.nanoTime() + patience.toNanos();
            while (!isOver()) {
                boolean all = answerAll();
                if (System.nanoTime() > end) throw tooLate();
                if (all) mailbox.await(poll);
                if (!answered.isEmpty() && poll.multipliedBy(2).compareTo(LAST_POLL) <= 0) poll = poll.multipliedBy(2);
            }
        }

        private boolean isOver() throws EnrolmentException, Problem, IOException {
            Map<String, Object> challenge = challenge(acme, authorization);
            String error = Said.error(challenge, "");
            switch (Said.status(challenge)) {
                case "valid" -> {
                    return true;
                }
                case "invalid" ->
                    throw new EnrolmentException(
                            Reason.REFUSED, error.isEmpty() ? "The address was not proven." : error);
                default -> news(error);
            }
            return false;
        }

        /// Before the answer it is about the CA's mail; afterwards it says why the answer does not count.
        private void news(String error) throws EnrolmentException, IOException {
            if (error.equals(saidBefore)) return;
            saidBefore = error;
            if (error.isEmpty()) return;
            // If there is an answer of an earlier call, it is this that does not count.
            kept.forget();
            if (answered.isEmpty()) progress.accept("The CA says: " + error);
            else
                throw new EnrolmentException(
                        Reason.MAIL_SERVER,
                        "The CA does not accept the reply: " + error
                                + " Run it again when that is mended, or with --code.");
        }

        /// @return whether there is nothing left to look at now
        private boolean answerAll() throws EnrolmentException, Problem, IOException {
            Map<String, Object> challenge = challenge(acme, authorization);
            Address from = sender(challenge);
            var look = mailbox.look(from, clock.instant());
            for (var letter : look.letters()) {
                ChallengeLetter mail;
                try {
                    mail = ChallengeLetter.read(letter.raw(), from, address, keys, clock);
                    mailbox.done(letter.uid());
                } catch (MailRefused e) {
                    mailbox.done(letter.uid());
                    progress.accept("A mail that says it is from " + from + " is passed over: "
                            + e.reason().code() + ".");
                    continue;
                } catch (IOException e) {
                    progress.accept("The DNS does not answer, so a mail from " + from + " cannot be checked yet.");
                    return true;
                }
                if (answered.add(mail.part1())) answer(challenge, mail);
            }
            return look.all() || mailbox.isFull();
        }

        private void answer(Map<String, Object> challenge, ChallengeLetter mail)
                throws EnrolmentException, Problem, IOException {
            if (answered.size() > MOST_REPLIES)
                throw new EnrolmentException(
                        Reason.INTERRUPTED, "Too many mails of the CA lie in your mailbox. Try again tomorrow.");
            if (kept.begin(mail.part1())) {
                progress.accept(
                        send(challenge, mail)
                                ? "The mail of the CA is there; it was answered. Waiting for the CA to get the answer."
                                : "The mail of the CA is there; it was answered, but your mail server " + smtp.host()
                                        + " did not say that it took the answer. Waiting for the CA to get it.");
            } else progress.accept("The mail of the CA was answered before. Waiting for the CA to get that answer.");
            // RFC 8555, section 7.5.1: now it may look.
            acme.post(Said.text(challenge.get("url")), "{}");
            poll = FIRST_POLL.compareTo(pause) < 0 ? FIRST_POLL : pause;
        }

        /// @return false: it may have gone out or not
        private boolean send(Map<String, Object> challenge, ChallengeLetter mail)
                throws EnrolmentException, IOException {
            String response = MailCode.response(mail.part1(), Said.text(challenge.get("token")), acme.account());
            try {
                return Submission.send(
                        smtp, address, mail.replyTo(), ReplyLetter.write(address, mail, response, clock));
            } catch (EnrolmentException e) {
                kept.undo(mail.part1());
                throw e;
            }
        }

        private EnrolmentException tooLate() {
            long minutes = patience.toMinutes();
            return new EnrolmentException(
                    Reason.INTERRUPTED,
                    answered.isEmpty()
                            ? "No mail of the CA came within " + minutes
                                    + " minutes. If it is in the junk folder, move it"
                                    + " to the inbox. Run it again to go on, or with --code."
                            : "The mail was answered, but the CA did not get it within " + minutes + " minutes."
                                    + (saidBefore.isEmpty() ? "" : " It said: " + saidBefore)
                                    + " It is not answered twice. Run it again to wait for longer, or with --code:"
                                    + " the code is in that mail.");
        }
    }

    /// Returns when the authorization is valid.
    void prove(AcmeClient acme, String authorization, Address address, Answered answered)
            throws EnrolmentException, Problem, IOException {
        var from = sender(challenge(acme, authorization));
        try (var mailbox = UserMailbox.open(imap)) {
            progress.accept("A mail of " + from + " is awaited in your mailbox at " + imap.host() + ".");
            new Proof(acme, authorization, address, mailbox, answered).run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EnrolmentException(Reason.INTERRUPTED, "Interrupted.", e);
        }
    }

    private static Map<String, Object> challenge(AcmeClient acme, String authorization)
            throws EnrolmentException, Problem {
        return Said.challenge(acme.get(authorization).json(), "email-reply-00")
                .orElseThrow(() -> new EnrolmentException(
                        Reason.REFUSED, "This CA takes no replies by mail. Run it again with --code."));
    }

    private static Address sender(Map<String, Object> challenge) throws EnrolmentException {
        try {
            Address from = Address.parse(Said.text(challenge.get("from")));
            if (!from.isPhone()) return from;
        } catch (IdentityException e) {
            throw AcmeClient.unintelligible("the sender of its mail is no address");
        }
        throw AcmeClient.unintelligible("the sender of its mail is no address");
    }
}
