package dev.starling.ca.validation;

import java.io.IOException;

/// Gets a mail on its way. What goes wrong is told in words for people, without the server's own.
public interface Mailer {
    /// @param to a normalised address
    /// @throws Refused when another attempt makes no sense; any other IOException may pass by itself
    void send(String to, String subject, String text) throws IOException;

    /// The mail server will not take this mail, now or later.
    final class Refused extends IOException {
        private static final long serialVersionUID = 1;

        Refused(String words, Throwable cause) {
            super(words, cause);
        }
    }
}
