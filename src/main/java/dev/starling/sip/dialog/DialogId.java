package dev.starling.sip.dialog;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;

/// What names a dialog at one of its ends (RFC 3261, section 12).
public record DialogId(String callId, String localTag, String remoteTag) {
    /// The dialog that a request of the other side belongs to. Without a To tag it belongs to none.
    public static DialogId of(SipMessage request) throws SipException {
        return new DialogId(
                request.callId(),
                request.toTag().orElseThrow(() -> new SipException(481, "Dialog does not exist")),
                request.fromTag().orElse(""));
    }
}
