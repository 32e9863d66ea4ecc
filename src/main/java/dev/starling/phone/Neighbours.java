package dev.starling.phone;

import dev.starling.classic.ClassicEdge;
import dev.starling.classic.ClassicUser;
import dev.starling.classic.Stranger;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import java.util.List;
import java.util.Optional;

/// Leads what comes from ordinary SIP domains to the phones and the browsers of this peer.
public final class Neighbours implements ClassicUser {
    private final Phones phones;
    private final Optional<Browsers> browsers;

    /// @param browsers where people in browsers may be reached, too
    public Neighbours(Phones phones, Optional<Browsers> browsers) {
        this.phones = phones;
        this.browsers = browsers;
    }

    @Override
    public boolean serves(String domain) {
        return browsers.filter(all -> all.serves(domain)).isPresent()
                || phones.lines().stream()
                        .anyMatch(each -> each.account().address().domain().equals(domain));
    }

    @Override
    public void asks(Stranger stranger) {
        List<PhoneLine> lines = phones.lines().stream()
                .filter(each -> each.account().address().equals(stranger.to()))
                .toList();
        try {
            // One of them rings: the first that is there.
            lines.stream()
                    .filter(each -> each.handset().isPresent())
                    .findFirst()
                    .or(() -> lines.stream().findFirst())
                    .orElseThrow(Unverified::refused)
                    .unverified()
                    .asks(stranger);
        } catch (SipException e) {
            ClassicEdge.refuse(stranger.server(), e);
        }
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
            for (PhoneLine each : phones.lines()) each.unverified().acknowledged(id);
            browsers.ifPresent(all -> all.acknowledged(id));
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
