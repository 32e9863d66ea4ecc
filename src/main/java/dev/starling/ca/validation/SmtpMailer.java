package dev.starling.ca.validation;

import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.mail.DkimSigner;
import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Properties;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocketFactory;
import org.eclipse.angus.mail.smtp.SMTPAddressFailedException;
import org.eclipse.angus.mail.smtp.SMTPMessage;
import org.eclipse.angus.mail.smtp.SMTPSendFailedException;
import org.eclipse.angus.mail.util.MailConnectException;

/// Hands mails to one configured mail server, signed by DKIM if there is a key.
public final class SmtpMailer implements Mailer {
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
    private final Address from;
    private final Optional<DkimSigner> signer;
    private final Optional<Verp> verp;
    private final Session session;

    public SmtpMailer(Config config) throws IOException {
        this(config, Optional.empty(), Optional.empty());
    }

    /// @param signer of the domain of the sender; RFC 8823, section 3.1, demands it for challenges
    /// @param verp gives each tagged mail a sender of its own in the envelope, so that bounces can be told
    public SmtpMailer(Config config, Optional<DkimSigner> signer, Optional<Verp> verp) throws IOException {
        this.config = config;
        this.signer = signer;
        this.verp = verp;
        try {
            from = Address.parse(config.from());
        } catch (IdentityException e) {
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
        send(new Letter(to, subject, text, "", ""));
    }

    @Override
    public void send(Letter letter) throws IOException {
        byte[] mail = OutgoingMail.write(letter, from, InstantSource.system());
        byte[] signed = signer.isPresent() ? signer.get().sign(mail) : mail;
        try (Transport transport = session.getTransport("smtp")) {
            var message = new Written(session, signed);
            message.setEnvelopeFrom(
                    verp.isPresent() && !letter.tag().isEmpty() ? verp.get().sender(letter.tag()) : from.text());
            if (config.user().isEmpty()) transport.connect();
            else transport.connect(config.user(), config.password());
            // Not Transport.send, which would make another Message-ID and so break the signature.
            transport.sendMessage(message, new InternetAddress[] {new InternetAddress(letter.to(), true)});
        } catch (MessagingException e) {
            throw words(e);
        }
    }

    /// A message that goes out octet by octet as it was signed.
    private static final class Written extends SMTPMessage {
        private final byte[] bytes;

        Written(Session session, byte[] bytes) throws MessagingException {
            super(session, new ByteArrayInputStream(bytes));
            this.bytes = bytes;
        }

        @Override
        public void writeTo(OutputStream out, String[] without) throws IOException {
            out.write(bytes);
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
