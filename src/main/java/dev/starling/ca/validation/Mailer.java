package dev.starling.ca.validation;

import java.io.IOException;

/// Gets a mail on its way.
public interface Mailer {
    /// @param to a normalised address
    void send(String to, String subject, String text) throws IOException;
}
