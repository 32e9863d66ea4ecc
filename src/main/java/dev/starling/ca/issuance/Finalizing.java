package dev.starling.ca.issuance;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Order;
import dev.starling.ca.store.Session;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;

/// What is asked before a certificate is promised, as far as the store can tell: by whoever takes the order, so that
/// the client hears at once what is wrong, and again by whoever signs.
final class Finalizing {
    private static final int KEY_COMPROMISE = 1;

    private Finalizing() {}

    /// RFC 8555, section 7.4: only an order that is ready can be finalized.
    static void checkReady(Order order, long now) throws Problem {
        if (order.isOver(now)) throw notReady("It has expired.");
        switch (order.status()) {
            case PENDING -> throw notReady("The mailbox is not proven yet.");
            case INVALID -> throw notReady("It has failed.");
            case PROCESSING -> throw notReady("Its certificate is being made.");
            case VALID -> throw notReady("It has its certificate already.");
            case READY -> {}
        }
    }

    private static Problem notReady(String why) {
        return new Problem("orderNotReady", 403, "The order cannot be finalized. " + why);
    }

    /// The key that is to be certified.
    ///
    /// @param issuer whose certificate will be above it
    static ECPublicKey key(Session session, Order order, byte[] csr, X509Certificate issuer, long now) throws Problem {
        Authorization proof =
                session.authorizations().byId(order.authorization()).orElseThrow();
        if (!proof.isGood(now)) throw notReady("Its proof is no longer good.");
        checkAllowed(issuer, order.address());
        ECPublicKey key = CertificateRequest.parse(csr, order.address()).key();
        checkKey(session, key, order);
        return key;
    }

    static void checkAllowed(X509Certificate issuer, Address address) throws Problem {
        try {
            if (CertificateVerifier.mayCertify(issuer, address)) return;
        } catch (IdentityException e) {
            throw new IllegalStateException("the CA's own certificate cannot be read", e);
        }
        throw new Problem("rejectedIdentifier", 403, "This CA may not certify addresses of this domain.");
    }

    // RFC 8555, section 11.1, of account keys; a device is of one address, and a stolen key is nobody's any more.
    static void checkKey(Session session, ECPublicKey key, Order order) throws Problem {
        String thumbprint = Jws.thumbprint(new ECKey.Builder(Curve.P_256, key).build());
        if (session.accounts().byKey(thumbprint).isPresent()) throw badKey("its key is that of an account");
        String device = device(key);
        if (session.certificates().isOfAnother(device, order.value()))
            throw badKey("its key is certified for another address");
        if (session.certificates().isRevoked(device, KEY_COMPROMISE)) throw badKey("its key is known to be stolen");
    }

    // RFC 8555, sections 7.1.6 and 7.5.2. That its time is over since does not matter: what was promised then is kept.
    static void checkNotGivenUp(Session session, Order order) throws Problem {
        Authorization proof =
                session.authorizations().byId(order.authorization()).orElseThrow();
        if (proof.status() != Authorization.Status.VALID) throw notReady("Its proof was given up or withdrawn.");
    }

    private static Problem badKey(String why) {
        return new Problem("badCSR", 400, "The certificate request is refused: " + why + ".");
    }

    static String device(ECPublicKey key) {
        return DeviceId.ofKey(key.getEncoded()).hex();
    }
}
