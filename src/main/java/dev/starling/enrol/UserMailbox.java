package dev.starling.enrol;

import dev.starling.enrol.EnrolmentException.Reason;
import dev.starling.identity.Address;
import dev.starling.mail.MailServer;
import dev.starling.mail.RawMail;
import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.FetchProfile;
import jakarta.mail.Folder;
import jakarta.mail.Message;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.UIDFolder;
import jakarta.mail.search.AndTerm;
import jakarta.mail.search.ComparisonTerm;
import jakarta.mail.search.FromStringTerm;
import jakarta.mail.search.ReceivedDateTerm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.eclipse.angus.mail.imap.IMAPFolder;
import org.eclipse.angus.mail.imap.IMAPMessage;
import org.eclipse.angus.mail.imap.IMAPStore;
import org.eclipse.angus.mail.util.MailConnectException;
import org.jspecify.annotations.Nullable;

/// The inbox of the person who enrols, by IMAP (RFC 9051), read and never changed. Others write to it what they like,
/// so
/// the server searches it, sizes come before texts, and no mail is looked at twice.
final class UserMailbox implements AutoCloseable {
    /// Fetched at a look, each no larger than a mail may be.
    private static final int A_LOOK = 50;
    /// Looked at in all.
    static final int MOST = 2_000;

    private static final Duration DAYS = Duration.ofDays(2);

    /// @param all nothing is left that was not looked at
    record Look(List<Letter> letters, boolean all) {}

    record Letter(long uid, byte[] raw) {}

    private final MailServer server;
    private final IMAPStore store;
    private final IMAPFolder inbox;
    private final Set<Long> done = new HashSet<>();
    private final ScheduledExecutorService waker = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("imap-waker").factory());

    private UserMailbox(MailServer server, IMAPStore store, IMAPFolder inbox) {
        this.server = server;
        this.store = store;
        this.inbox = inbox;
    }

    static UserMailbox open(MailServer server) throws EnrolmentException {
        var settings = server.settings("imap");
        settings.put("mail.imap.peek", "true");
        settings.put("mail.imap.partialfetch", "false");
        IMAPStore store = null;
        try {
            store = (IMAPStore) Session.getInstance(settings).getStore("imap");
            store.connect(server.host(), server.port(), server.user(), server.password());
            var inbox = (IMAPFolder) store.getFolder("INBOX");
            inbox.open(Folder.READ_ONLY);
            return new UserMailbox(server, store, inbox);
        } catch (AuthenticationFailedException e) {
            closed(store);
            throw failed(server, "does not accept the login; check user and password", e);
        } catch (MessagingException e) {
            closed(store);
            throw failed(server, why(e, "cannot be read"), e);
        }
    }

    private static void closed(@Nullable IMAPStore store) {
        try {
            if (store != null) store.close();
        } catch (MessagingException e) {
            // It is gone, which is what was wanted.
            return;
        }
    }

    private static EnrolmentException failed(MailServer server, String what, MessagingException e) {
        return new EnrolmentException(
                Reason.MAIL_SERVER,
                "Your mailbox at " + server.host() + ":" + server.port() + " " + what + ". Run it again to go on.",
                e);
    }

    /// What went wrong with a mail server, for people, without the server's own words.
    static String why(MessagingException e, String otherwise) {
        for (Exception each = e; each != null; ) {
            switch (each) {
                case MailConnectException _, UnknownHostException _ -> {
                    return "cannot be reached; check its name and port";
                }
                case SocketTimeoutException _ -> {
                    return "does not answer in time";
                }
                case SSLException _ -> {
                    return "has a certificate that is not believed, or does not speak TLS there; check name and port";
                }
                default -> each = each instanceof MessagingException mail ? mail.getNextException() : null;
            }
        }
        return otherwise;
    }

    /// Mails of that sender of the last days that were not looked at before, the newest first.
    Look look(Address from, Instant now) throws EnrolmentException {
        try {
            var since = new ReceivedDateTerm(ComparisonTerm.GE, Date.from(now.minus(DAYS)));
            Message[] found = inbox.search(new AndTerm(new FromStringTerm(from.text()), since));
            var sizes = new FetchProfile();
            sizes.add(FetchProfile.Item.SIZE);
            sizes.add(UIDFolder.FetchProfileItem.UID);
            var letters = new ArrayList<Letter>();
            // A hundred at a time, from the end: the newest.
            for (int end = found.length; end > 0; end -= A_LOOK) {
                Message[] some = java.util.Arrays.copyOfRange(found, Math.max(0, end - A_LOOK), end);
                inbox.fetch(some, sizes);
                for (int i = some.length - 1; i >= 0; i--) {
                    Optional<Letter> letter = letter((IMAPMessage) some[i]);
                    if (letter.isEmpty()) continue;
                    letters.add(letter.get());
                    if (letters.size() == A_LOOK) return new Look(letters, false);
                }
            }
            return new Look(letters, true);
        } catch (MessagingException | IOException e) {
            throw failed(
                    server,
                    "was closed by the server",
                    e instanceof MessagingException m ? m : new MessagingException("", e));
        }
    }

    private Optional<Letter> letter(IMAPMessage mail) throws MessagingException, IOException {
        long uid = inbox.getUID(mail);
        if (done.contains(uid)) return Optional.empty();
        if (mail.getSize() > RawMail.MAX_BYTES) {
            done(uid);
            return Optional.empty();
        }
        if (done.size() >= MOST) return Optional.empty();
        mail.setPeek(true);
        var raw = new ByteArrayOutputStream();
        mail.writeTo(raw);
        mail.invalidateHeaders();
        return Optional.of(new Letter(uid, raw.toByteArray()));
    }

    /// It need not be looked at again.
    void done(long uid) {
        if (done.size() < MOST) done.add(uid);
    }

    boolean isFull() {
        return done.size() >= MOST;
    }

    /// Until a mail comes or the time is over: by IDLE (RFC 2177) where that is offered.
    void await(Duration longest) throws EnrolmentException, InterruptedException {
        try {
            if (!store.hasCapability("IDLE")) {
                Thread.sleep(longest);
                // Also tells of new mails.
                var _ = inbox.getMessageCount();
                return;
            }
            long millis = longest.toMillis();
            // Again and again, because the library asks nothing within a second of the last answer.
            var wake = waker.scheduleWithFixedDelay(this::wake, millis, 1_000, TimeUnit.MILLISECONDS);
            try {
                inbox.idle(true);
            } finally {
                wake.cancel(false);
            }
            if (Thread.interrupted()) throw new InterruptedException();
        } catch (MessagingException | IllegalStateException e) {
            throw failed(
                    server,
                    "was closed by the server",
                    e instanceof MessagingException m ? m : new MessagingException());
        }
    }

    private void wake() {
        try {
            if (inbox.isOpen()) {
                var _ = inbox.getMessageCount();
            }
        } catch (MessagingException | IllegalStateException e) {
            // Closed meanwhile; who waits hears of it, too.
            return;
        }
    }

    @Override
    public void close() {
        waker.shutdownNow();
        closed(store);
    }
}
