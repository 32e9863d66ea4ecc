package dev.starling.sip.transaction;

import java.time.Duration;

/// What a transaction wants done.
sealed interface Action {
    /// The request (client), or the last response (server).
    record Send() implements Action {}

    /// The ACK for a final answer other than 2xx, RFC 3261, section 17.1.1.3.
    record SendAck() implements Action {}

    /// The response goes to the transaction user.
    record Deliver() implements Action {}

    record Arm(Timer timer, Duration after) implements Action {}

    /// Nobody answered: 408 to the transaction user.
    record TimedOut() implements Action {}

    record End() implements Action {}
}
