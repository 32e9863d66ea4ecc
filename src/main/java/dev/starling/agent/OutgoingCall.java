package dev.starling.agent;

import dev.starling.identity.Address;
import dev.starling.locate.LocationService;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.SipException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A call to all devices of somebody at once: the first that answers has it (docs/protocols/sip.md, section 7).
public final class OutgoingCall implements OutgoingLeg.Listener {
    private static final String ELSEWHERE = "SIP;cause=200;text=\"Call completed elsewhere\"",
            DECLINED = "SIP;cause=603;text=\"Declined elsewhere\"";
    private static final int MAX_DEVICES = 8;

    /// Hears what becomes of the call; just one of `answered` and `failed`, unless it is cancelled.
    public interface Listener {
        void ringing();

        void answered(LegMedia media, Dialog dialog);

        void failed(int status, String reason);
    }

    /// Makes the sound of one leg.
    public interface Media {
        LegMedia leg() throws SipException;
    }

    private final Listener listener;
    private final List<OutgoingLeg> legs = new ArrayList<>();
    private boolean over;
    private int status = 480;
    private String why = "Not reachable";

    private OutgoingCall(Listener listener) {
        this.listener = listener;
    }

    /// Rings the devices of an address; returns when they ring, or it is known that none can.
    ///
    /// @param devices what [Agent#whom] knows of it
    public static OutgoingCall to(
            Agent agent, Address address, List<LocationService.Device> devices, Media media, Listener listener)
            throws SipException {
        var call = new OutgoingCall(listener);
        var ua = agent.ua();
        for (var device : devices.subList(0, Math.min(MAX_DEVICES, devices.size()))) {
            var ways = Ways.to(device, ua.home().id());
            if (ways.isEmpty()) continue;
            var invite = Outgoing.to("INVITE", device.id().gruu(address))
                    .with("Contact", ua.contact())
                    .token(agent.tokenFor(address));
            call.legs.add(new OutgoingLeg(ua, invite, ways, media.leg(), call));
        }
        if (call.legs.isEmpty()) throw new SipException(480, "Not reachable now");
        for (var leg : call.all()) leg.start();
        return call;
    }

    private synchronized List<OutgoingLeg> all() {
        return List.copyOf(legs);
    }

    @Override
    public void ringing() {
        listener.ringing();
    }

    @Override
    public boolean answered(OutgoingLeg leg, Dialog dialog) {
        synchronized (this) {
            if (over) return false;
            over = true;
            legs.remove(leg);
        }
        for (var other : all()) other.cancel(ELSEWHERE);
        listener.answered(leg.media(), dialog);
        return true;
    }

    @Override
    public void failed(OutgoingLeg leg, int code, String reason) {
        Optional<String> others = Optional.empty();
        boolean last;
        synchronized (this) {
            legs.remove(leg);
            if (worth(code) > worth(status)) {
                status = code;
                why = reason;
            }
            // RFC 3261, section 16.7: a decline is the word of the person, for all devices.
            if (code >= 600) others = Optional.of(DECLINED);
            last = !over && (legs.isEmpty() || code >= 600);
            over |= last;
        }
        if (others.isPresent()) for (var each : all()) each.cancel(others.get());
        if (last) listener.failed(status, why);
    }

    // What is said when several devices failed for several reasons.
    private static int worth(int code) {
        return code >= 600 ? 3 : code == 486 ? 2 : code == 480 || code == 408 ? 0 : 1;
    }

    /// The caller gave up.
    public void cancel() {
        synchronized (this) {
            over = true;
        }
        for (var leg : all()) leg.cancel("");
    }
}
