package dev.starling.ca.validation;

import dev.starling.mail.RawMail;
import jakarta.mail.FetchProfile;
import jakarta.mail.Flags;
import jakarta.mail.Folder;
import jakarta.mail.Message;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Store;
import jakarta.mail.UIDFolder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocketFactory;
import org.eclipse.angus.mail.imap.IMAPFolder;
import org.eclipse.angus.mail.imap.IMAPMessage;
import org.eclipse.angus.mail.imap.IMAPStore;

/// Reads the CA's mail out of a mailbox at some mail server, by IMAP (RFC 9051). A mail stays in the inbox until it is
/// done with, and then moves to another folder: whatever dies in between, it is only read once more. Waits by IDLE
/// where that is offered (RFC 2177), else looks again and again. Mails that nothing can be said about now stay, too,
/// and are tried again after growing pauses: any number of them holds up no other.
public final class ImapInbox implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.ca");

    /// @param tls of SmtpMailer's kinds: in the clear is for the own computer only
    /// @param done the folder to move to; made when there is none
    /// @param pause between two looks, and how long one IDLE lasts
    /// @param patience for connecting and each answer; longer than `pause`
    /// @param trust whom to believe; empty for the certificates that the Java runtime knows
    public record Config(
            String host,
            int port,
            SmtpMailer.Security tls,
            String user,
            String password,
            String done,
            Duration pause,
            Duration patience,
            Optional<SSLSocketFactory> trust) {
        public static final Duration PAUSE = Duration.ofSeconds(20), PATIENCE = Duration.ofSeconds(60);

        /// Without the password.
        @Override
        public String toString() {
            return user + " at " + host + ":" + port;
        }
    }

    private static final int A_LOOK = 100;
    /// After a failure: twice as long each time, until a connection has lasted.
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(2), LONGEST_PAUSE = Duration.ofMinutes(5);
    private static final Duration LASTING = Duration.ofMinutes(1);

    private final int most;
    private final Config config;
    private final Inbound inbound;
    private final Session session;
    private final ScheduledExecutorService waker = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("ca-imap-waker").factory());
    private final Thread reader;
    private volatile boolean closed;

    /// Reads from now on.
    public ImapInbox(Config config, Inbound inbound) {
        this(config, inbound, A_LOOK);
    }

    /// @param most mails that one look tries
    ImapInbox(Config config, Inbound inbound, int most) {
        this.most = most;
        this.config = config;
        this.inbound = inbound;
        this.session = Session.getInstance(settings(config));
        this.reader = Thread.ofVirtual().name("ca-imap").start(this::readForEver);
    }

    private static Properties settings(Config config) {
        var settings = new Properties();
        boolean tls = config.tls() == SmtpMailer.Security.TLS, start = config.tls() == SmtpMailer.Security.STARTTLS;
        settings.put("mail.imap.ssl.enable", String.valueOf(tls));
        settings.put("mail.imap.starttls.enable", String.valueOf(start));
        settings.put("mail.imap.starttls.required", String.valueOf(start));
        settings.put("mail.imap.ssl.checkserveridentity", "true");
        config.trust().ifPresent(factory -> settings.put("mail.imap.ssl.socketFactory", factory));
        for (String kind : new String[] {"connectiontimeout", "timeout", "writetimeout"})
            settings.put("mail.imap." + kind, String.valueOf(config.patience().toMillis()));
        // Reading alone must not mark a mail as read.
        settings.put("mail.imap.peek", "true");
        settings.put("mail.imap.partialfetch", "false");
        return settings;
    }

    private void readForEver() {
        Duration first = FIRST_PAUSE.compareTo(config.pause()) < 0 ? FIRST_PAUSE : config.pause(), pause = first;
        while (!closed) {
            long since = System.nanoTime();
            try (Store store = session.getStore("imap")) {
                store.connect(config.host(), config.port(), config.user(), config.password());
                read((IMAPStore) store);
            } catch (MessagingException | IOException | RuntimeException e) {
                if (closed) return;
                LOG.log(System.Logger.Level.WARNING, "the mailbox {0} cannot be read: {1}", config, e.getMessage());
                if (System.nanoTime() - since > LASTING.toNanos()) pause = first;
                sleep(pause);
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
            }
        }
    }

    private void read(IMAPStore store) throws MessagingException, IOException {
        Folder done = store.getFolder(config.done());
        if (!done.exists()) done.create(Folder.HOLDS_MESSAGES);
        // Of this connection: UIDs may be others at the next one.
        var later = new Later(config.pause());
        try (var inbox = (IMAPFolder) store.getFolder("INBOX")) {
            inbox.open(Folder.READ_WRITE);
            while (!closed) {
                boolean all = look(inbox, done, later, store.hasCapability("MOVE"));
                if (!all || !store.hasCapability("IDLE")) sleep(config.pause());
                // Not for one that came meanwhile: it would not be told again.
                else if (inbox.getMessageCount() == 0) idle(inbox);
                // Also tells of new mails, where there is no IDLE.
                var _ = inbox.getMessageCount();
            }
        }
    }

    /// @return whether nothing is left over
    private boolean look(IMAPFolder inbox, Folder done, Later later, boolean move)
            throws MessagingException, IOException {
        Map<Long, Message> waiting = waiting(inbox);
        // Those that were not tried yet, then those whose time has come; so many.
        List<Long> due = later.due(List.copyOf(waiting.keySet()), most, System.nanoTime());
        boolean all = due.size() == waiting.size(), copied = false;
        for (long uid : due) {
            Message each = Objects.requireNonNull(waiting.get(uid));
            if (each.isExpunged() || each.isSet(Flags.Flag.DELETED)) continue;
            if (take((IMAPMessage) each) == Inbound.Answer.LATER) {
                later.put(uid, System.nanoTime());
                all = false;
            } else if (move) inbox.moveMessages(new Message[] {each}, done);
            else {
                inbox.copyMessages(new Message[] {each}, done);
                each.setFlag(Flags.Flag.DELETED, true);
                copied = true;
            }
        }
        if (copied) inbox.expunge();
        return all;
    }

    /// All that is there, by UID (RFC 9051, section 2.3.1.1), the oldest first.
    private static Map<Long, Message> waiting(IMAPFolder inbox) throws MessagingException {
        Message[] all = inbox.getMessages();
        var profile = new FetchProfile();
        profile.add(UIDFolder.FetchProfileItem.UID);
        inbox.fetch(all, profile);
        var waiting = new LinkedHashMap<Long, Message>();
        for (Message each : all) if (!each.isExpunged()) waiting.put(inbox.getUID(each), each);
        return waiting;
    }

    private Inbound.Answer take(IMAPMessage mail) throws MessagingException, IOException {
        // Not even fetched.
        if (mail.getSize() > RawMail.MAX_BYTES) return Inbound.Answer.TAKEN;
        mail.setPeek(true);
        var raw = new ByteArrayOutputStream();
        mail.writeTo(raw);
        // RFC 5321, section 4.4: the last server writes down the sender of the envelope; some also the recipient.
        String sender = header(mail, "Return-Path").orElse("unknown").replaceAll("[<>\\s]", "");
        String recipient =
                header(mail, "Delivered-To").or(() -> header(mail, "To")).orElse("");
        try {
            return inbound.take(new Incoming(sender, address(recipient), raw.toByteArray()));
        } catch (RuntimeException e) {
            // We are wrong. It is put aside, where somebody can look at it: no mail may hold up all others for ever.
            LOG.log(
                    System.Logger.Level.ERROR,
                    "a mail that cannot be dealt with lies in the folder " + config.done(),
                    e);
            return Inbound.Answer.TAKEN;
        }
    }

    /// What stands in the last angle brackets, without blanks; without brackets, all. The field may be a stranger's,
    /// and
    /// long.
    static String address(String field) {
        String from = field.substring(field.lastIndexOf('<') + 1);
        int end = from.indexOf('>');
        return (end < 0 ? from : from.substring(0, end)).replaceAll("\\s", "");
    }

    private static Optional<String> header(Message mail, String name) {
        try {
            String[] all = mail.getHeader(name);
            return all == null || all.length == 0 ? Optional.empty() : Optional.of(all[0]);
        } catch (MessagingException e) {
            return Optional.empty();
        }
    }

    /// Until a mail comes, or the pause is over: a question of another thread ends it. It is asked again and again,
    /// because the library asks the server nothing within a second of its last answer.
    private void idle(IMAPFolder inbox) throws MessagingException {
        long pause = config.pause().toMillis();
        var wake = waker.scheduleWithFixedDelay(() -> wake(inbox), pause, pause, TimeUnit.MILLISECONDS);
        try {
            inbox.idle(true);
        } finally {
            wake.cancel(false);
        }
    }

    private static void wake(IMAPFolder inbox) {
        try {
            if (inbox.isOpen()) inbox.getMessageCount();
        } catch (MessagingException | IllegalStateException e) {
            // Closed meanwhile, for example; the reader hears of it, too.
            LOG.log(System.Logger.Level.DEBUG, "no answer while waiting for mail: {0}", e.getMessage());
        }
    }

    private void sleep(Duration pause) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            closed = true;
        }
    }

    @Override
    public void close() {
        closed = true;
        waker.shutdownNow();
        reader.interrupt();
    }

    @Override
    public String toString() {
        return "ImapInbox[" + config + "]";
    }
}
