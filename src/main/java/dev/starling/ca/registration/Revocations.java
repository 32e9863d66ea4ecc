package dev.starling.ca.registration;

import dev.starling.acme.Problem;
import dev.starling.ca.store.AuditTable;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Certificate;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Session;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// Withdrawing certificates (RFC 8555, section 7.6): by the account that has it, by the key in it, or by whoever has
/// proven the mailbox since. For one that is withdrawn already, that its key was stolen can still be said.
public final class Revocations {
    /// CRLReason (RFC 5280, section 5.3.1) that may be named: unspecified, keyCompromise, affiliationChanged,
    /// superseded,
    /// cessationOfOperation.
    private static final Set<Integer> REASONS = Set.of(0, 1, 3, 4, 5);

    private static final int KEY_COMPROMISE = 1, MOST = 200;
    private static final String STOLEN = "A key of this account was stolen. Prove the mailbox again.",
            WITHDRAWN = "Whoever proved the mailbox, too, withdrew a certificate for it. Prove the mailbox again.";

    private final CaStore store;
    private final Runnable revoked;
    private final Clock clock;

    /// @param revoked is run after each, and has the list of withdrawn certificates made anew
    public Revocations(CaStore store, Runnable revoked, Clock clock) {
        this.store = store;
        this.revoked = revoked;
        this.clock = clock;
    }

    /// By an account.
    public void byAccount(byte[] der, int reason, String account) throws Problem, IOException {
        revoke(der, reason, "account " + account, (session, certificate) -> {
            if (certificate.account().equals(account)) return true;
            if (!hasProven(session, account, certificate.type(), certificate.value())) return false;
            // A device that is lost, or a thief's: no other account gets more certificates without a mail, also when
            // this one is withdrawn already, by whoever hides with it.
            endOthers(session, certificate, account);
            return true;
        });
    }

    /// By the certificate's own key.
    ///
    /// @param device SHA-256 of the key that signed the request, hexadecimal
    public void byKey(byte[] der, int reason, String device) throws Problem, IOException {
        revoke(der, reason, "its key", (_, certificate) -> certificate.device().equals(device));
    }

    /// By the operator.
    public void byOperator(String serial, int reason) throws Problem, IOException {
        withdraw(serial, reason, "the operator", (_, certificate) -> certificate.isSigned());
    }

    /// The certificates of an address that are good, DER, the newest first, two hundred at most; for whoever has proven
    /// it.
    public List<byte[]> open(String account, String type, String value) throws Problem, IOException {
        return store.whole(session -> {
            if (!hasProven(session, account, type, value))
                throw new Problem("unauthorized", 403, "This account has no good proof of that address.");
            long now = clock.instant().getEpochSecond();
            return session.certificates().good(value, now, MOST).stream()
                    .filter(each -> each.type().equals(type))
                    .map(Certificate::leaf)
                    .toList();
        });
    }

    private boolean hasProven(Session session, String account, String type, String value) {
        long now = clock.instant().getEpochSecond();
        return session.authorizations().of(account, type, value).stream().anyMatch(each -> each.isGood(now));
    }

    private interface Right {
        boolean has(Session session, Certificate certificate) throws Problem;
    }

    private void revoke(byte[] der, int reason, String by, Right right) throws Problem, IOException {
        withdraw(serial(der), reason, by, (session, certificate) -> {
            if (!isThat(certificate, der)) throw unknown();
            return right.has(session, certificate);
        });
    }

    private static Problem unknown() {
        return new Problem("malformed", 404, "This certificate is not from here.");
    }

    private void withdraw(String serial, int reason, String by, Right right) throws Problem, IOException {
        if (!REASONS.contains(reason))
            throw new Problem("badRevocationReason", 400, "This reason cannot be named; 0, 1, 3, 4 and 5 can.");
        // What ends with it stays ended when it was withdrawn before.
        boolean changed = store.whole(session -> {
            Certificate certificate = session.certificates().bySerial(serial).orElseThrow(Revocations::unknown);
            if (!right.has(session, certificate))
                throw new Problem(
                        "unauthorized",
                        403,
                        "Only its account, its key, or whoever has proven the mailbox may" + " withdraw it.");
            long now = clock.instant().getEpochSecond();
            boolean stolen = reason == KEY_COMPROMISE;
            // Whoever stole the key may have withdrawn it, too, for a reason that ends nothing. Each certificate ends
            // its account's proofs once: else whoever has its key could end each one that comes.
            if (!session.certificates().revoke(serial, now, reason)
                    && !(stolen && session.certificates().restate(serial, reason))) return false;
            if (stolen) endProofs(session, certificate, now, STOLEN);
            session.audit()
                    .add(new AuditTable.Entry(
                            now, "revoked", certificate.value(), serial + " reason " + reason + " by " + by));
            return true;
        });
        if (!changed) throw new Problem("alreadyRevoked", 400, "It is withdrawn already.");
        revoked.run();
    }

    private void endOthers(Session session, Certificate certificate, String account) {
        long now = clock.instant().getEpochSecond();
        for (var each : session.authorizations().good(certificate.type(), certificate.value(), now))
            if (!each.account().equals(account))
                session.authorizations()
                        .end(each.id(), Authorization.Status.REVOKED, new Fault("unauthorized", WITHDRAWN));
    }

    // Whoever stole the key may have the account's, too, which lies beside it: the next certificate needs the mailbox.
    private static void endProofs(Session session, Certificate certificate, long now, String why) {
        for (var each : session.authorizations().of(certificate.account(), certificate.type(), certificate.value()))
            if (each.isGood(now))
                session.authorizations().end(each.id(), Authorization.Status.REVOKED, new Fault("unauthorized", why));
    }

    private static String serial(byte[] der) throws Problem {
        try {
            return Keys.certificate(der).getSerialNumber().toString(16);
        } catch (IdentityException e) {
            throw Problem.malformed("not a certificate");
        }
    }

    private static boolean isThat(Certificate certificate, byte[] der) {
        if (!certificate.isSigned()) return false;
        try {
            X509Certificate leaf = Keys.certificate(der);
            return Arrays.equals(leaf.getTBSCertificate(), certificate.toBeSigned())
                    && DeviceId.ofKey(leaf.getPublicKey().getEncoded()).hex().equals(certificate.device());
        } catch (IdentityException | java.security.cert.CertificateEncodingException e) {
            return false;
        }
    }
}
