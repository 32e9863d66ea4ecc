package dev.starling.phone;

import dev.starling.agent.LegMedia;
import dev.starling.sip.message.SipException;
import java.util.function.Consumer;

/// Joins the plain sound of a phone with the encrypted sound of a device (RFC 3264 on both sides; nothing is
/// transcoded). 488 when the two have nothing in common, 503 when there is no room.
public interface Sound {
    /// A call that the phone begins, with its offer.
    Bridge fromPhone(byte[] offer) throws SipException;

    /// A call that a device begins, with its offer.
    Bridge fromDevice(byte[] offer) throws SipException;

    /// The sound of one call.
    interface Bridge extends AutoCloseable {
        /// A leg to one of several devices that are asked.
        LegMedia leg() throws SipException;

        /// What the phone is answered, once `leg` has its answer.
        byte[] answerToPhone(LegMedia leg) throws SipException;

        byte[] offerToPhone() throws SipException;

        byte[] answerToDevice(byte[] phoneAnswer) throws SipException;

        /// A new offer of the phone in the same call: hold, or another place. Gives the answer.
        byte[] phoneAgain(byte[] offer) throws SipException;

        /// The same of the device: another way after its network has changed.
        byte[] deviceAgain(byte[] offer) throws SipException;

        /// Told once why the sound has ended, when it ends by itself.
        void onEnd(Consumer<String> listener);

        @Override
        void close();
    }
}
