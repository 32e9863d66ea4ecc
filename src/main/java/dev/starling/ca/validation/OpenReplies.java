package dev.starling.ca.validation;

import dev.starling.identity.Address;
import dev.starling.mail.Reason;
import java.io.IOException;
import java.time.Instant;
import java.util.Optional;

/// The challenges `email-reply-00` of the CA, as `Replies` needs them. Whoever keeps orders implements it.
public interface OpenReplies {
    /// @param id of the challenge, or of what it belongs to
    /// @param identifier the address that is to be proven
    /// @param part1 the code that was mailed; a secret
    /// @param part2 the token that the client sees
    /// @param thumbprint of the account's key (RFC 7638)
    /// @param expires from when on a reply is too late
    /// @param replied a reply was taken before
    record Open(
            String id,
            Address identifier,
            String part1,
            String part2,
            String thumbprint,
            Instant expires,
            boolean replied) {
        /// Without the code.
        @Override
        public String toString() {
            return "Open[" + id + "]";
        }
    }

    /// Also one that is over or was answered, if it is still known: then the reason can be told.
    Optional<Open> find(String part1) throws IOException;

    /// Keeps the reply and its evidence, unless there is one already or the challenge is no longer open; atomically,
    /// and durable when it returns.
    ///
    /// @return whether it was the first
    boolean replied(Open open, AcceptedReply reply) throws IOException;

    /// A mail that knows the code did not count. The person may be told `reason.words()`; the challenge stays open,
    /// because anybody who sees the code could otherwise end it.
    void refused(Open open, Reason reason) throws IOException;
}
