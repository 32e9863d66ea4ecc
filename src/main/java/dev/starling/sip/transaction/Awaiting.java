package dev.starling.sip.transaction;

import dev.starling.sip.message.SipMessage;

/// A client transaction as the layer finds it.
sealed interface Awaiting permits RequestSent, Over {
    void received(SipMessage response);
}
