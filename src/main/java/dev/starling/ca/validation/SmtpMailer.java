package dev.starling.ca.validation;

import jakarta.mail.Message;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.time.Instant;
import java.util.Date;
import java.util.Properties;

/// Hands mails to one configured smarthost.
///
/// @param password "" for none; then no authentication is tried
public record SmtpMailer(String host, int port, boolean startTls, String user, String password, String from)
        implements Mailer {
    private static final String TIMEOUT_MILLIS = "10000";

    @Override
    public void send(String to, String subject, String text) throws IOException {
        var settings = new Properties();
        settings.put("mail.smtp.host", host);
        settings.put("mail.smtp.port", String.valueOf(port));
        settings.put("mail.smtp.starttls.enable", String.valueOf(startTls));
        settings.put("mail.smtp.starttls.required", String.valueOf(startTls));
        settings.put("mail.smtp.ssl.checkserveridentity", "true");
        for (String kind : new String[] {"connectiontimeout", "timeout", "writetimeout"})
            settings.put("mail.smtp." + kind, TIMEOUT_MILLIS);
        settings.put("mail.smtp.auth", String.valueOf(!password.isEmpty()));
        try {
            var message = new MimeMessage(Session.getInstance(settings));
            message.setFrom(new InternetAddress(from, true));
            message.setRecipient(Message.RecipientType.TO, new InternetAddress(to, true));
            message.setSubject(subject, "US-ASCII");
            message.setSentDate(Date.from(Instant.now()));
            // RFC 3834, section 5; RFC 8823, section 3.
            message.setHeader("Auto-Submitted", "auto-generated; type=acme");
            message.setText(text, "UTF-8");
            if (password.isEmpty()) jakarta.mail.Transport.send(message);
            else jakarta.mail.Transport.send(message, user, password);
        } catch (MessagingException e) {
            throw new IOException("the mail server " + host + " did not take the mail", e);
        }
    }

    @Override
    public String toString() {
        return "SmtpMailer[" + host + ":" + port + "]";
    }
}
