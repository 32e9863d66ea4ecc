package dev.starling.phone;

import dev.starling.agent.LegMedia;
import dev.starling.media.Phone;
import dev.starling.sip.message.SipException;
import java.util.Optional;
import java.util.function.Consumer;

/// Of a phone that speaks ICE and DTLS-SRTP itself, as a page in a browser does: what one side says goes to the other
/// as it stands, and the sound takes its own way. The phone's device signs what the phone says; whose keys these are,
/// the other side knows by that device alone.
final class Untouched implements Descriptions {
    private final byte[] offer;
    /// Whose new offer waits for its answer: the phone's?
    private Optional<Boolean> pending = Optional.empty();

    private boolean offered;

    /// @param offer of whoever calls
    Untouched(byte[] offer) {
        this.offer = offer.clone();
    }

    /// Every device gets the same offer; the phone hears of one answer.
    private static final class Leg implements LegMedia {
        private final byte[] offer;
        private Optional<byte[]> answer = Optional.empty();

        Leg(byte[] offer) {
            this.offer = offer;
        }

        @Override
        public byte[] offer() {
            return offer.clone();
        }

        @Override
        public synchronized void answered(byte[] sdp) {
            answer = Optional.of(sdp.clone());
        }

        private synchronized byte[] answer() throws SipException {
            return answer.orElseThrow(() -> new SipException(488, "Not Acceptable Here"));
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }

    @Override
    public LegMedia toDevice() {
        return new Leg(offer);
    }

    @Override
    public LegMedia toNeighbour(Phone server) throws SipException {
        throw new SipException(488, "Only G.711 goes to and from ordinary SIP domains");
    }

    @Override
    public byte[] kept(LegMedia other) throws SipException {
        if (!(other instanceof Leg leg)) throw new IllegalArgumentException("a leg of another call");
        return leg.answer();
    }

    @Override
    public synchronized Optional<byte[]> toPhone() {
        if (offered) return Optional.empty();
        offered = true;
        return Optional.of(offer.clone());
    }

    @Override
    public byte[] answered(byte[] sdp) {
        return sdp;
    }

    /// RFC 3261, section 14.2: 500 when the same side has one that waits for its answer, 491 when the other has.
    @Override
    public synchronized Anew reoffered(boolean byPhone, byte[] sdp) throws SipException {
        if (pending.equals(Optional.of(byPhone)))
            throw new SipException(
                    500, "Another offer waits for its answer", new SipException.Header("Retry-After", "3"));
        if (pending.isPresent()) throw new SipException(491, "Request Pending");
        pending = Optional.of(byPhone);
        return new Anew.PassOn(sdp);
    }

    @Override
    public synchronized byte[] reanswered(byte[] sdp) {
        pending = Optional.empty();
        return sdp;
    }

    /// Both sides keep what they have.
    @Override
    public synchronized void rejected() {
        pending = Optional.empty();
    }

    @Override
    public void onEnd(Consumer<String> listener) {
        // Who hears nothing hangs up.
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
