package dev.starling.ca.validation;

import java.io.IOException;

/// Gets a mail on its way. What goes wrong is told in words for people, without the server's own.
public interface Mailer {
    /// @param to a normalised address
    /// @throws Refused when another attempt makes no sense; any other IOException may pass by itself
    void send(String to, String subject, String text) throws IOException;

    /// A mail with all that it may have.
    ///
    /// @param to a normalised address
    /// @param subject ASCII
    /// @param html the text once more; "" for none
    /// @param tag by which a bounce can be told, as `Verp` takes it; "" for none
    record Letter(String to, String subject, String text, String html, String tag) {
        /// Whether it asks for an answer (RFC 8823, section 3.1).
        boolean isChallenge() {
            return subject.startsWith("ACME: ");
        }
    }

    /// As the shorter one, which a mailer that has no use for the rest falls back to.
    default void send(Letter letter) throws IOException {
        send(letter.to(), letter.subject(), letter.text());
    }

    /// The mail server will not take this mail, now or later.
    final class Refused extends IOException {
        private static final long serialVersionUID = 1;

        Refused(String words, Throwable cause) {
            super(words, cause);
        }
    }
}
