package dev.starling.sip.transaction;

import dev.starling.sip.transport.Flow;

/// A server transaction as the layer finds it.
sealed interface Answering permits RequestReceived, Over {
    /// A copy of the request came over this flow, or, with `ack`, the ACK of its refusal.
    void again(Flow over, boolean ack);
}
