package dev.starling.phone;

import dev.starling.agent.LegMedia;
import dev.starling.media.Phone;
import dev.starling.sip.message.SipException;
import java.util.Optional;
import java.util.function.Consumer;

/// What becomes of the session descriptions of one call between a phone and a device (RFC 3264): through a bridge of
/// ours, or untouched. What cannot be taken is a [SipException], as SIP answers it.
interface Descriptions extends AutoCloseable {
    /// What becomes of a new offer within the call.
    sealed interface Anew {
        /// It concerns the one who made it alone.
        record Answer(byte[] sdp) implements Anew {}

        /// To the other side; its answer goes to [Descriptions#reanswered].
        record PassOn(byte[] sdp) implements Anew {}
    }

    /// Of a phone that calls: what goes to one of the devices that ring.
    LegMedia toDevice() throws SipException;

    /// Of a phone that calls an ordinary SIP domain: what goes to the server that is found there.
    LegMedia toNeighbour(Phone server) throws SipException;

    /// Of a phone that calls: the answer for it, of the device or server that has the call.
    byte[] kept(LegMedia other) throws SipException;

    /// Of a phone that is called: the offer for it; asked again when it did not like the one before. Empty: there is no
    /// other.
    Optional<byte[]> toPhone() throws SipException;

    /// Of a phone that is called: the answer for the device.
    byte[] answered(byte[] sdp) throws SipException;

    Anew reoffered(boolean byPhone, byte[] sdp) throws SipException;

    /// The answer for whoever made the new offer.
    byte[] reanswered(byte[] sdp) throws SipException;

    /// The other side refused it: everything stays (RFC 3261, section 14.1).
    void rejected();

    /// Told, once, when the sound has ended by itself, and why.
    void onEnd(Consumer<String> listener);

    @Override
    void close();
}
