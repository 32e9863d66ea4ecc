package dev.starling.phone;

import dev.starling.classic.ClassicEdge;
import dev.starling.classic.ClassicUser;
import dev.starling.classic.Stranger;
import dev.starling.media.Bridges;
import dev.starling.media.Phone;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Leads what comes from ordinary SIP domains to the phones and the browsers of this peer.
public final class Neighbours implements ClassicUser {
    private final Phones phones;
    private final Optional<Browsers> browsers;
    private final Bridges bridges;
    private final TransactionLayer.Timers timers;
    private final SeenCalls seen = new SeenCalls();

    /// @param browsers where people in browsers may be reached, too
    public Neighbours(Phones phones, Optional<Browsers> browsers, Bridges bridges, TransactionLayer.Timers timers) {
        this.phones = phones;
        this.browsers = browsers;
        this.bridges = bridges;
        this.timers = timers;
    }

    @Override
    public boolean serves(String domain) {
        return browsers.filter(all -> all.serves(domain)).isPresent()
                || phones.lines().stream()
                        .anyMatch(each -> each.account().address().domain().equals(domain));
    }

    @Override
    public void asks(Stranger stranger) {
        try {
            var callees = callees(stranger);
            if (stranger.request().method().equals("MESSAGE")) show(stranger, callees);
            else ring(stranger, callees);
        } catch (SipException e) {
            ClassicEdge.refuse(stranger.server(), e);
        }
    }

    /// All phones and browsers of the person that let this one through; throws why there is none.
    private List<Callee> callees(Stranger stranger) throws SipException {
        var all = new ArrayList<Callee>();
        Optional<SipException> why = Optional.empty();
        for (PhoneLine each : phones.lines()) {
            if (!each.account().address().equals(stranger.to())) continue;
            try {
                all.add(each.unverified().admits(stranger));
            } catch (SipException e) {
                if (why.isEmpty() || e.status() == 480) why = Optional.of(e);
            }
        }
        try {
            if (browsers.isPresent()) all.addAll(browsers.get().admit(stranger));
        } catch (SipException e) {
            if (why.isEmpty()) why = Optional.of(e);
        }
        if (all.isEmpty()) throw why.orElseGet(Unverified::refused);
        return all;
    }

    private static void show(Stranger stranger, List<Callee> callees) throws SipException {
        String text = Texts.text(stranger.request());
        boolean isShown = false;
        for (Callee each : callees)
            isShown |= Texts.toPhone(Optional.of(each.handset()), each.shown(), stranger.from(), stranger.to(), text);
        if (!isShown) throw new SipException(480, "No phone took it");
        stranger.server()
                .respond(Edit.response(stranger.request(), 200, "OK", TransactionLayer.tag())
                        .build());
    }

    private void ring(Stranger stranger, List<Callee> callees) throws SipException {
        SipMessage request = stranger.request();
        if (!request.hasSdp()) throw new SipException(488, "Not Acceptable Here");
        // RFC 3261, section 8.1.1.8: without it there would be a call that nobody could end.
        if (request.elements("contact").size() != 1) throw new SipException(400, "Contact missing");
        if (!seen.isFirst(request)) throw new SipException(482, "Merged Request");
        var source = stranger.server()
                .flow()
                .remote()
                .map(InetSocketAddress::getAddress)
                .orElseThrow();
        var phone = new Phone(stranger.to().text(), source, false);
        var bridge = Sound.of(() -> bridges.fromPhone(phone, request.body()));
        new Fork(stranger, bridge, timers).ring(callees);
    }

    @Override
    public void within(SipMessage request, RequestReceived server) {
        try {
            for (PhoneLine each : phones.lines()) {
                var call = each.withNeighbour(request);
                if (call.isEmpty()) continue;
                each.unverified().within(call.get(), request, server);
                return;
            }
            Browsers others = browsers.orElseThrow(PhoneCall::noDialog);
            others.within(others.withNeighbour(request).orElseThrow(PhoneCall::noDialog), request, server);
        } catch (SipException e) {
            ClassicEdge.refuse(server, e);
        }
    }

    @Override
    public void acknowledged(SipMessage ack) {
        try {
            var id = dev.starling.sip.dialog.DialogId.of(ack);
            for (PhoneLine each : phones.lines()) each.unverified().acknowledged(id, ack.cseq());
            browsers.ifPresent(all -> all.acknowledged(id, ack.cseq()));
        } catch (SipException e) {
            System.getLogger("starling.classic").log(System.Logger.Level.DEBUG, () -> "ACK: " + e.reason());
        }
    }

    @Override
    public void gone(List<RequestReceived> unanswered) {
        // Nobody waits any more: as if it had been cancelled.
        for (RequestReceived each : unanswered) each.cancel(List.of());
    }
}
