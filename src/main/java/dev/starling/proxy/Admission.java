package dev.starling.proxy;

import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.passport.TokenVerifier;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.time.Clock;
import java.util.Optional;

/// Whom a device lets through, and how strangers are kept from learning anything (docs/protocols/sip.md, section 4).
final class Admission {
    private final TokenVerifier tokens;
    private final ConsentStore consent;
    private final Quota knocks, strangers;

    /// Who signed a request, and whether the device wants to hear it.
    record Judgement(CertificateVerifier.Verified signer, boolean allowed) {}

    Admission(TokenVerifier tokens, ConsentStore consent, Clock clock) {
        this.tokens = tokens;
        this.consent = consent;
        knocks = new Quota(3, 3, clock);
        strangers = new Quota(120, 30, clock);
    }

    /// Verifies who signed a request to its Request-URI: 428, 436, 437, 438 or 403 when nobody did.
    CertificateVerifier.Verified verify(SipMessage request) throws SipException {
        return Authenticity.check(tokens, request, request.uri()).signer();
    }

    Judgement judge(SipMessage request, DeviceId device) throws SipException {
        var signer = verify(request);
        return new Judgement(signer, isAllowed(request, device, signer.address()));
    }

    private boolean isAllowed(SipMessage request, DeviceId device, Address signer) {
        var wishes = consent.of(device);
        // One's own devices, by what the device itself registered as: anybody may write his own name before `;gr=`.
        if (wishes.address().equals(Optional.of(signer))) return isNamed(request.uri(), signer);
        if (wishes.blocks(signer)) return false;
        byte[] token = Authenticity.token(request);
        boolean known = token.length == 32 && wishes.knows(token);
        return known || (request.method().equals("INVITE") && wishes.strangersRing());
    }

    private static boolean isNamed(String uri, Address address) {
        try {
            return Address.ofUri(uri).equals(address);
        } catch (IdentityException e) {
            return false;
        }
    }

    /// Whether a stranger's MESSAGE is passed on as a knock; he hears nothing of it.
    boolean knocks(Address stranger, DeviceId device) {
        return !consent.of(device).blocks(stranger)
                && knocks.allows(stranger + " " + device)
                && strangers.allows(device.hex());
    }
}
