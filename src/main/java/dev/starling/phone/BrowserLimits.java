package dev.starling.phone;

import dev.starling.identity.Address;
import dev.starling.proxy.Quota;
import dev.starling.proxy.Registrar;
import dev.starling.sip.message.SipException;
import dev.starling.sip.transport.Networks;
import dev.starling.sip.transport.Offences;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;

/// How much people in browsers may ask of ordinary SIP domains by way of this peer, whose name is at stake there.
final class BrowserLimits {
    /// In an hour, and at once.
    record Allowed(double perHour, double atOnce) {}

    static final Allowed OF_DEVICE = new Allowed(60, 20),
            OF_NETWORK = new Allowed(300, 60),
            TO_DOMAIN = new Allowed(600, 60),
            OF_ALL = new Allowed(3_600, 200);
    private static final String RETRY_SECONDS = "60", ALL = "";
    private final Quota device, network, domain, all;
    private final Offences offences;

    BrowserLimits(Offences offences, Clock clock) {
        this.offences = offences;
        device = quota(OF_DEVICE, clock);
        network = quota(OF_NETWORK, clock);
        domain = quota(TO_DOMAIN, clock);
        all = quota(OF_ALL, clock);
    }

    private static Quota quota(Allowed allowed, Clock clock) {
        return new Quota(allowed.perHour, allowed.atOnce, clock);
    }

    /// A call or a text: 503 when it is one too many.
    void check(Registrar.Binding sender, Address to) throws SipException {
        InetAddress source = source(sender);
        if (device.allows(sender.device().hex())
                && network.allows(Networks.of(source))
                && domain.allows(to.domain())
                && all.allows(ALL)) return;
        offences.by(source, "Browsers ask too often", to.domain());
        throw new SipException(503, "Too many requests", new SipException.Header("Retry-After", RETRY_SECONDS));
    }

    /// Somebody whom the operator does not let call ordinary SIP domains.
    void relaying(Registrar.Binding sender) {
        offences.by(source(sender), "Asked to relay", sender.address().domain());
    }

    private static InetAddress source(Registrar.Binding sender) {
        return sender.flow().remote().map(InetSocketAddress::getAddress).orElseGet(InetAddress::getLoopbackAddress);
    }
}
