package dev.starling.ca.validation;

import dev.starling.mail.RawMail;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.subethamail.smtp.DropConnectionException;
import org.subethamail.smtp.MessageHandler;
import org.subethamail.smtp.RejectException;
import org.subethamail.smtp.server.SMTPServer;
import org.subethamail.smtp.server.Session;
import org.subethamail.smtp.server.SessionHandler;

/// Receives the CA's mail by SMTP (RFC 5321), itself as the MX of its domain or behind a mail server that relays to it.
/// Takes nothing for anybody else, and says 250 only when a mail is done with. So much of everything, so long for
/// everything: connections, those of one network address, mails' bytes, recipients, silence, and a whole session.
public final class SmtpInbox implements AutoCloseable {
    /// @param port 0 for any free one
    /// @param name of this host, for the greeting
    /// @param tls for STARTTLS (RFC 3207); without it mails come in the clear, and nothing depends on that
    /// @param connections at once
    /// @param each of one network address
    /// @param silence after which a session ends
    /// @param session how long it may last
    public record Config(
            InetAddress address,
            int port,
            String name,
            Optional<SSLContext> tls,
            int connections,
            int each,
            Duration silence,
            Duration session) {
        public static final int CONNECTIONS = 50, EACH = 5;
        public static final Duration SILENCE = Duration.ofSeconds(30), SESSION = Duration.ofMinutes(3);
    }

    private static final int MAX_RECIPIENTS = 4, TOO_BIG = 552, NO_SUCH_USER = 550, LATER = 451;

    private final SMTPServer server;
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("ca-smtp-timer").factory());

    /// Listens from now on.
    public SmtpInbox(Config config, Inbound inbound) throws IOException {
        var builder = new SMTPServer.Builder()
                .bindAddress(config.address())
                .port(config.port())
                .hostName(config.name())
                .softwareName("Starling")
                .maxConnections(config.connections())
                .maxRecipients(MAX_RECIPIENTS)
                .maxMessageSize(RawMail.MAX_BYTES)
                .connectionTimeoutMs((int) config.silence().toMillis())
                .insertReceivedHeaders(false)
                .executorService(Executors.newThreadPerTaskExecutor(
                        Thread.ofVirtual().name("ca-smtp-", 0).factory()))
                .sessionHandler(new Limited(config))
                .messageHandlerFactory(_ -> new Taking(inbound));
        timer.setRemoveOnCancelPolicy(true);
        if (config.tls().isPresent())
            builder.enableTLS().startTlsSocketFactory(config.tls().get());
        server = builder.build();
        try {
            server.start();
        } catch (RuntimeException e) {
            timer.shutdownNow();
            throw new IOException(
                    "Mail cannot be taken at " + config.address().getHostAddress() + " port " + config.port()
                            + ": another program has it, or it needs more rights.",
                    e);
        }
    }

    public int port() {
        return server.getPortAllocated();
    }

    @Override
    public void close() {
        timer.shutdownNow();
        server.stop();
    }

    /// The library ends a session that is silent; this one also one that drips.
    private final class Limited implements SessionHandler {
        private final SessionHandler bySource;
        private final Duration longest;
        private final Map<Session, Future<?>> ends = new ConcurrentHashMap<>();

        Limited(Config config) {
            bySource = SessionHandler.limitConcurrentSessionsBySource(config.each());
            longest = config.session();
        }

        @Override
        public SessionAcceptance accept(Session session) {
            var answer = bySource.accept(session);
            if (answer.accepted())
                ends.put(session, timer.schedule(session::quit, longest.toMillis(), TimeUnit.MILLISECONDS));
            return answer;
        }

        @Override
        public void onSessionEnd(Session session) {
            bySource.onSessionEnd(session);
            var end = ends.remove(session);
            if (end != null) end.cancel(false);
        }
    }

    /// One mail.
    private static final class Taking implements MessageHandler {
        private final Inbound inbound;
        private String sender = "", recipient = "";

        Taking(Inbound inbound) {
            this.inbound = inbound;
        }

        @Override
        public void from(String address) {
            sender = address;
        }

        @Override
        public void recipient(String address) throws RejectException {
            if (!inbound.serves(address))
                throw new RejectException(NO_SUCH_USER, "5.1.1 There is no such mailbox here.");
            // A mail for several of ours is one mail: whom it is for says its header.
            if (recipient.isEmpty()) recipient = address;
        }

        @Override
        public String data(InputStream data) throws RejectException, IOException {
            byte[] mail = data.readNBytes(RawMail.MAX_BYTES + 1);
            // Not a mere refusal: the library would take the rest of the mail for commands.
            if (mail.length > RawMail.MAX_BYTES)
                throw new DropConnectionException(TOO_BIG, "5.3.4 The mail is too big.");
            if (inbound.take(new Incoming(sender, recipient, mail)) == Inbound.Answer.LATER)
                throw new RejectException(LATER, "4.3.0 Please try again later.");
            return "2.0.0 The mail is done with.";
        }

        @Override
        public void done() {
            // Nothing is held.
        }
    }
}
