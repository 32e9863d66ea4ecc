package dev.starling.proxy;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestSent;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The devices that are registered here, as a user agent of this peer itself sees them: what they want, and how a
/// request of its own goes to them.
public record Clients(Self self, Registrar registrar, ConsentStore consent, TransactionLayer transactions) {
    private static final Duration RINGING = Duration.ofSeconds(180), CANCELLED = Duration.ofSeconds(32);

    /// Those that are here under an address.
    public List<Registrar.Binding> of(Address address) {
        return registrar.of(address);
    }

    public Optional<Registrar.Binding> of(DeviceId device) {
        return registrar.of(device);
    }

    /// Whether the device lets ordinary SIP domains reach it, and this one of their addresses: switched on by its
    /// person, and not blocked.
    public boolean admitsLine(DeviceId device, Address named) {
        var wishes = consent.of(device);
        return wishes.linesRing() && !wishes.blocks(named);
    }

    /// The Contact by which a client reaches this peer within a dialog.
    public String contact() {
        return self.contact();
    }

    /// Sends a request that has neither Via nor Max-Forwards yet: 480 when the device is not here.
    public RequestSent send(Edit request, DeviceId device, Consumer<SipMessage> answers) throws SipException {
        Flow flow = flow(device);
        RequestSent sent = transactions.send(ours(request).build(), flow, answers);
        if (sent.isInvite()) sent.waitsFor(RINGING);
        return sent;
    }

    /// An ACK of a 2xx: a request without transaction.
    public void acknowledge(Edit ack, DeviceId device) throws SipException {
        flow(device).send(ours(ack).toBytes());
    }

    /// Cancels an INVITE that rings (RFC 3261, section 9.1).
    public void cancel(RequestSent invite, List<String> reasons) throws SipException {
        var _ = transactions.send(invite.cancel(reasons), invite.flow(), _ -> {});
        // RFC 3261, section 9.1: 64*T1 later nobody answers any more.
        invite.waitsFor(CANCELLED);
    }

    private Flow flow(DeviceId device) throws SipException {
        return of(device).orElseThrow(() -> new SipException(480, "Not here")).flow();
    }

    private Edit ours(Edit request) {
        return request.prepend("Via", self.via()).addIfAbsent("Max-Forwards", "70");
    }
}
