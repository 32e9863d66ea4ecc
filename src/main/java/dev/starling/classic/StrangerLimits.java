package dev.starling.classic;

import dev.starling.identity.Address;
import dev.starling.proxy.Quota;
import dev.starling.sip.message.SipException;
import dev.starling.sip.transport.Networks;
import dev.starling.sip.transport.Offences;
import java.net.InetAddress;
import java.time.Clock;

/// How much those who prove nothing may ask for. A domain is only what a request says of itself, so that networks are
/// counted too; and all together, since a call costs a look-up.
final class StrangerLimits {
    /// In an hour, and at once.
    record Allowed(double perHour, double atOnce) {}

    static final Allowed REQUESTS = new Allowed(36_000, 200),
            OF_NETWORK = new Allowed(600, 60),
            OF_DOMAIN = new Allowed(600, 60),
            FOR_PERSON = new Allowed(120, 20),
            OF_ALL = new Allowed(3_600, 200);
    private static final String RETRY_SECONDS = "60", ALL = "";
    private final Quota requests, network, domain, person, all;
    private final Offences offences;

    StrangerLimits(Offences offences, Clock clock) {
        this.offences = offences;
        requests = quota(REQUESTS, clock);
        network = quota(OF_NETWORK, clock);
        domain = quota(OF_DOMAIN, clock);
        person = quota(FOR_PERSON, clock);
        all = quota(OF_ALL, clock);
    }

    private static Quota quota(Allowed allowed, Clock clock) {
        return new Quota(allowed.perHour, allowed.atOnce, clock);
    }

    /// Any request at all. False: it is not even answered.
    boolean hears(InetAddress source, String method) {
        if (requests.allows(Networks.of(source))) return true;
        offences.by(source, "Flood of requests", method);
        return false;
    }

    /// A call or a text.
    void check(InetAddress source, Address from, Address to) throws SipException {
        String theirs = from.domain();
        if (!network.allows(Networks.of(source))
                || !domain.allows(theirs)
                || !person.allows(to.text())
                || !all.allows(ALL)) {
            offences.by(source, "Strangers ask too often", theirs);
            throw new SipException(503, "Too many requests", new SipException.Header("Retry-After", RETRY_SECONDS));
        }
    }
}
