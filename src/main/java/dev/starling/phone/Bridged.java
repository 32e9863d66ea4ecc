package dev.starling.phone;

import dev.starling.agent.LegMedia;
import dev.starling.media.Bridge;
import dev.starling.media.Leg;
import dev.starling.media.Phone;
import dev.starling.media.PhoneLeg;
import dev.starling.media.Reoffer;
import dev.starling.sip.message.SipException;
import java.util.Optional;
import java.util.function.Consumer;

/// Of a phone that speaks plain RTP or SDES: a bridge stands between it and what speaks as browsers do.
final class Bridged implements Descriptions {
    private final Bridge bridge;
    private final Phone phone;
    private Optional<PhoneLeg> ringing = Optional.empty();

    Bridged(Bridge bridge, Phone phone) {
        this.bridge = bridge;
        this.phone = phone;
    }

    /// A leg to one of those whom a phone calls.
    private record Other(Leg leg) implements LegMedia {
        @Override
        public byte[] offer() throws SipException {
            return Sound.of(leg::offer);
        }

        @Override
        public void answered(byte[] sdp) throws SipException {
            var _ = Sound.of(() -> {
                leg.answered(sdp);
                return leg;
            });
        }

        @Override
        public void close() {
            leg.close();
        }
    }

    @Override
    public LegMedia toDevice() throws SipException {
        return new Other(Sound.of(bridge::newWebLeg));
    }

    @Override
    public LegMedia toNeighbour(Phone server) throws SipException {
        return new Other(Sound.of(() -> bridge.newPhoneLeg(server)));
    }

    @Override
    public byte[] kept(LegMedia other) throws SipException {
        if (!(other instanceof Other(Leg leg))) throw new IllegalArgumentException("a leg of another bridge");
        return Sound.of(() -> {
            bridge.keep(leg);
            return bridge.answer();
        });
    }

    /// Over TLS with keys first (RFC 4568); a phone that wants none of them is asked in the clear, as by UDP.
    @Override
    public synchronized Optional<byte[]> toPhone() throws SipException {
        boolean again = ringing.isPresent();
        if (again && !phone.isSecure()) return Optional.empty();
        if (again && !ringing.orElseThrow().isSecure()) return Optional.empty();
        Phone asked = new Phone(phone.account(), phone.source(), phone.isSecure() && !again);
        PhoneLeg leg = Sound.of(() -> bridge.newPhoneLeg(asked));
        ringing.ifPresent(PhoneLeg::close);
        ringing = Optional.of(leg);
        return Optional.of(Sound.of(leg::offer));
    }

    @Override
    public synchronized byte[] answered(byte[] sdp) throws SipException {
        PhoneLeg leg = ringing.orElseThrow();
        return Sound.of(() -> {
            leg.answered(sdp);
            bridge.keep(leg);
            return bridge.answer();
        });
    }

    /// The phone's leg is the caller's, or the one that rang; the device's is the other.
    @Override
    public Anew reoffered(boolean byPhone, byte[] sdp) throws SipException {
        boolean byCaller;
        synchronized (this) {
            byCaller = byPhone == ringing.isEmpty();
        }
        return switch (Sound.of(() -> bridge.reoffer(byCaller ? bridge.caller() : bridge.callee(), sdp))) {
            case Reoffer.Answer(byte[] answer) -> new Anew.Answer(answer);
            case Reoffer.PassOn(var _, byte[] onward) -> new Anew.PassOn(onward);
        };
    }

    @Override
    public byte[] reanswered(byte[] sdp) throws SipException {
        return Sound.of(() -> bridge.reanswered(sdp));
    }

    @Override
    public void rejected() {
        bridge.rejected();
    }

    @Override
    public void onEnd(Consumer<String> listener) {
        bridge.onEnd(why -> listener.accept(String.valueOf(why)));
    }

    @Override
    public void close() {
        bridge.close();
    }
}
