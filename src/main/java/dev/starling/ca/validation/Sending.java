package dev.starling.ca.validation;

import java.io.IOException;

/// Who hands the mails over: the [Outbox] here, or that of another process.
public interface Sending {
    /// The attempt that the person waits for; the mail itself is stored.
    ///
    /// @param authorization its id
    /// @param language an Accept-Language header
    void first(String authorization, String language) throws IOException;
}
