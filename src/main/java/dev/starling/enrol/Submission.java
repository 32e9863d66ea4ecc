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
import org.eclipse.angus.mail.smtp.SMTPSendFailedException;

/// Sends through the user's own mail server, as the user's mail program does.
final class Submission {
    private static final System.Logger LOG = System.getLogger("starling.enrol");

    private Submission() {}

    /// @return false: it was sent whole, and the server did not say whether it took it
    /// @throws EnrolmentException it did not go out; in words that say what to mend
    static boolean send(MailServer server, Address from, Address to, byte[] mail) throws EnrolmentException {
        Session session = Session.getInstance(server.settings("smtp"));
        try {
            var message = new Written(session, mail);
            message.setEnvelopeFrom(from.text());
            Transport transport = session.getTransport("smtp");
            try {
                transport.connect(server.host(), server.port(), server.user(), server.password());
                transport.sendMessage(message, new InternetAddress[] {new InternetAddress(to.text(), true)});
                return true;
            } catch (MessagingException e) {
                if (!message.written || isRefused(e)) throw e;
                return false;
            } finally {
                close(transport);
            }
        } catch (AuthenticationFailedException e) {
            throw failed(server, "does not accept the login; check user and password", e);
        } catch (MessagingException e) {
            throw failed(server, UserMailbox.why(e, "did not take the reply to the CA"), e);
        }
    }

    /// RFC 5321, section 4.2.1: it said so itself.
    private static boolean isRefused(MessagingException e) {
        return e instanceof SMTPSendFailedException said && said.getReturnCode() >= 400;
    }

    /// What was taken is sent, whatever becomes of the connection.
    private static void close(Transport transport) {
        try {
            transport.close();
        } catch (MessagingException e) {
            LOG.log(System.Logger.Level.DEBUG, "the server for sending did not take leave", e);
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
        private boolean written;

        Written(Session session, byte[] bytes) throws MessagingException {
            super(new MimeMessage(session, new ByteArrayInputStream(bytes)));
            this.bytes = bytes;
        }

        @Override
        public void writeTo(OutputStream out, String[] without) throws IOException {
            out.write(bytes);
            // Until the end of the data follows, the server takes nothing (RFC 5321, section 4.1.1.4).
            written = true;
        }
    }
}
