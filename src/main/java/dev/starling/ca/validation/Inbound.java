package dev.starling.ca.validation;

/// Where mails go that `SmtpInbox` or `ImapInbox` received.
public interface Inbound {
    enum Answer {
        /// It is done with, and what follows from it is stored.
        TAKEN,
        /// It must come again.
        LATER
    }

    /// Whether mail for this envelope recipient is taken at all.
    boolean serves(String recipient);

    /// Twice the same mail does what once does: a crash may come before its sender hears of it.
    Answer take(Incoming mail);
}
