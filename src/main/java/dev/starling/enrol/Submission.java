package dev.starling.enrol;

import dev.starling.enrol.EnrolmentException.Reason;
import dev.starling.identity.Address;
import dev.starling.mail.MailServer;
import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.eclipse.angus.mail.smtp.SMTPMessage;

/// Sends through the user's own mail server, as the user's mail program does.
final class Submission {
    private Submission() {}

    /// @throws EnrolmentException in words that say what to mend
    static void send(MailServer server, Address from, Address to, byte[] mail) throws EnrolmentException {
        Session session = Session.getInstance(server.settings("smtp"));
        try (Transport transport = session.getTransport("smtp")) {
            transport.connect(server.host(), server.port(), server.user(), server.password());
            var message = new Written(session, mail);
            message.setEnvelopeFrom(from.text());
            transport.sendMessage(message, new InternetAddress[] {new InternetAddress(to.text(), true)});
        } catch (AuthenticationFailedException e) {
            throw failed(server, "does not accept the login; check user and password", e);
        } catch (MessagingException e) {
            throw failed(server, UserMailbox.why(e, "did not take the reply to the CA"), e);
        }
    }

    private static EnrolmentException failed(MailServer server, String what, MessagingException e) {
        return new EnrolmentException(
                Reason.MAIL_SERVER,
                "Your mail server for sending, " + server.host() + ":" + server.port() + ", " + what
                        + ". Run it again to go on.",
                e);
    }

    /// Goes out octet by octet; the library would give it another Message-ID.
    private static final class Written extends SMTPMessage {
        private final byte[] bytes;

        Written(Session session, byte[] bytes) throws MessagingException {
            super(new MimeMessage(session, new ByteArrayInputStream(bytes)));
            this.bytes = bytes;
        }

        @Override
        public void writeTo(OutputStream out, String[] without) throws IOException {
            out.write(bytes);
        }
    }
}
