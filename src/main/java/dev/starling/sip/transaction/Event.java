package dev.starling.sip.transaction;

/// What happens to a transaction.
sealed interface Event {
    record Response(int status) implements Event {}

    record Retransmission() implements Event {}

    record Ack() implements Event {}

    /// The transaction user answers.
    record Respond(int status) implements Event {}

    record Fired(Timer timer) implements Event {}
}
