package dev.starling.phone;

import dev.starling.media.MediaException;
import dev.starling.sip.message.SipException;

/// The sound of calls, with what goes wrong there as the answer that SIP gives.
final class Sound {
    private Sound() {}

    /// What can be refused.
    interface Step<T> {
        T run() throws MediaException;
    }

    static <T> T of(Step<T> step) throws SipException {
        try {
            return step.run();
        } catch (MediaException e) {
            throw refusal(e);
        }
    }

    private static SipException refusal(MediaException e) {
        return switch (e.reason()) {
            case MALFORMED -> new SipException(400, "Session description not understood");
            case NO_COMMON_CODEC -> new SipException(488, "Only G.711 goes to and from phones");
            case NOT_ACCEPTABLE, INSECURE -> new SipException(488, "Not Acceptable Here");
            case PENDING -> new SipException(491, "Request Pending");
            case FULL -> new SipException(486, "Busy Here");
            case ENDED -> new SipException(480, "The call is over");
        };
    }
}
