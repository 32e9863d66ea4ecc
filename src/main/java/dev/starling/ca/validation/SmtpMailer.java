package dev.starling.ca.validation;

import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.Message;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocketFactory;
import org.eclipse.angus.mail.smtp.SMTPAddressFailedException;
import org.eclipse.angus.mail.smtp.SMTPSendFailedException;
import org.eclipse.angus.mail.util.MailConnectException;

/// Hands mails to one configured mail server.
public final class SmtpMailer implements Mailer {
    private static final String CRLF_AND_OTHERS = ".*\\p{Cntrl}.*";

    /// How the connection is protected; with STARTTLS and TLS the server's certificate must name the host.
    public enum Security {
        PLAIN,
        STARTTLS,
        TLS
    }

    /// @param user "" for none; then no authentication is tried
    /// @param from the sender of the mails
    /// @param patience for connecting, each answer and each write
    /// @param tls whom to believe; empty for the certificates that the Java runtime knows
    public record Config(
            String host,
            int port,
            Security security,
            String user,
            String password,
            String from,
            Duration patience,
            Optional<SSLSocketFactory> tls) {
        public static final Duration PATIENCE = Duration.ofSeconds(10);

        /// Without the password.
        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

    private final Config config;
    private final InternetAddress from;
    private final Session session;

    public SmtpMailer(Config config) throws IOException {
        this.config = config;
        try {
            from = new InternetAddress(config.from(), true);
        } catch (MessagingException e) {
            throw new IOException("The sender of the mails is not an e-mail address: " + config.from(), e);
        }
        session = Session.getInstance(settings(config));
    }

    private static Properties settings(Config config) {
        var settings = new Properties();
        settings.put("mail.smtp.host", config.host());
        settings.put("mail.smtp.port", String.valueOf(config.port()));
        settings.put("mail.smtp.ssl.enable", String.valueOf(config.security() == Security.TLS));
        settings.put("mail.smtp.starttls.enable", String.valueOf(config.security() == Security.STARTTLS));
        settings.put("mail.smtp.starttls.required", String.valueOf(config.security() == Security.STARTTLS));
        settings.put("mail.smtp.ssl.checkserveridentity", "true");
        config.tls().ifPresent(factory -> settings.put("mail.smtp.ssl.socketFactory", factory));
        for (String kind : new String[] {"connectiontimeout", "timeout", "writetimeout"})
            settings.put("mail.smtp." + kind, String.valueOf(config.patience().toMillis()));
        settings.put("mail.smtp.auth", String.valueOf(!config.user().isEmpty()));
        return settings;
    }

    @Override
    public void send(String to, String subject, String text) throws IOException {
        // A line break would start another header field or another command.
        for (String line : new String[] {to, subject})
            if (line.matches("(?s)" + CRLF_AND_OTHERS)) throw new IllegalArgumentException("control character");
        try (Transport transport = session.getTransport("smtp")) {
            var message = message(to, subject, text);
            if (config.user().isEmpty()) transport.connect();
            else transport.connect(config.user(), config.password());
            transport.sendMessage(message, message.getAllRecipients());
        } catch (MessagingException e) {
            throw words(e);
        }
    }

    private MimeMessage message(String to, String subject, String text) throws MessagingException {
        var message = new Identified(session, from.getAddress());
        message.setFrom(from);
        message.setRecipient(Message.RecipientType.TO, new InternetAddress(to, true));
        message.setSubject(subject, "US-ASCII");
        message.setSentDate(Date.from(Instant.now()));
        // RFC 3834, section 5; RFC 8823, section 3.
        message.setHeader("Auto-Submitted", "auto-generated; type=acme");
        message.setText(text, "UTF-8");
        message.saveChanges();
        return message;
    }

    /// The library's own Message-ID would tell the names of this machine and of the user it runs as.
    private static final class Identified extends MimeMessage {
        private final String domain;

        Identified(Session session, String from) {
            super(session);
            domain = from.substring(from.indexOf('@') + 1);
        }

        @Override
        protected void updateMessageID() throws MessagingException {
            setHeader("Message-ID", "<" + UUID.randomUUID() + "@" + domain + ">");
        }
    }

    // Of an SMTP reply (RFC 5321, section 4.2.1) 5yz is for good and 4yz passes; what the operator can mend
    // passes too.
    private static IOException words(MessagingException e) {
        if (e instanceof AuthenticationFailedException)
            return new IOException("The mail server does not accept the login of this CA.", e);
        Exception each = e;
        while (each != null) {
            switch (each) {
                case SMTPSendFailedException send
                when send.getCommand().startsWith("MAIL") -> {
                    return new IOException("The mail server does not accept the sender of this CA.", e);
                }
                case SMTPAddressFailedException address -> {
                    return refusal(address.getReturnCode(), e);
                }
                case SMTPSendFailedException send -> {
                    return refusal(send.getReturnCode(), e);
                }
                case MailConnectException _, UnknownHostException _ -> {
                    return new IOException("The mail server cannot be reached.", e);
                }
                case SocketTimeoutException _ -> {
                    return new IOException("The mail server does not answer in time.", e);
                }
                case SSLException _ -> {
                    return new IOException("The mail server's certificate is not believed.", e);
                }
                default -> each = each instanceof MessagingException mail ? mail.getNextException() : null;
            }
        }
        return new IOException("The mail server did not take the mail.", e);
    }

    private static IOException refusal(int code, MessagingException e) {
        return code >= 500
                ? new Refused("The mail server does not take mail for this address.", e)
                : new IOException("The mail server asks to try again later.", e);
    }

    @Override
    public String toString() {
        return "SmtpMailer[" + config + "]";
    }
}
