package dev.starling.ca.issuance;

import dev.starling.acme.Problem;
import dev.starling.ca.log.CertificateLog;
import dev.starling.ca.store.AuditTable;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Bells.Bell;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Certificate;
import dev.starling.ca.store.Order;
import dev.starling.ca.store.Session;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/// How certificates are made by whoever does not believe the store: others write into it. What is to be signed is asked
/// and proven anew, and held in memory from there on. What was signed is [Unlogged] until hashes show its entry under a
/// head that the log's key signed; only then the store gets it, together with where it stands.
final class LoggedFirst {
    private static final System.Logger LOG = System.getLogger("starling.ca");

    private final Authority authority;
    private final CaStore store;
    private final CertificateLog log;
    private final Proofs proofs;
    private final Promises promises;
    private final Unlogged unlogged;
    private final Clock clock;

    LoggedFirst(
            Authority authority,
            CaStore store,
            CertificateLog log,
            Proofs proofs,
            Promises promises,
            Unlogged unlogged,
            Clock clock) {
        this.authority = authority;
        this.store = store;
        this.log = log;
        this.proofs = proofs;
        this.promises = promises;
        this.unlogged = unlogged;
        this.clock = clock;
    }

    /// What is signed now.
    private record Ready(Certificate promised, byte[] toBeSigned, Keys.Held by, Proofs.Proven proof, Order order) {}

    /// What is kept of the certificate of an order that says its serial; then nothing is asked any more.
    Optional<Unlogged.Kept> kept(Order order) throws IOException {
        return unlogged.find(order.serial());
    }

    /// Signs for an order that waits for it.
    ///
    /// @param asked as it was when the owner of its domain was asked
    /// @return empty when another one has led it to its end
    Optional<Unlogged.Kept> sign(Order asked) throws Problem, IOException {
        List<Keys.Held> issuers = authority.issuers();
        Optional<Ready> ready = store.whole(session -> ready(session, asked, issuers));
        if (ready.isEmpty()) return Optional.empty();
        Ready now = ready.get();
        X509Certificate issuer = now.by().chain().getFirst();
        byte[] der = CertificateProfile.signedAlike(now.toBeSigned(), now.by().key());
        try {
            String chain = Issuer.pem(Keys.certificate(der)) + Issuer.pem(issuer);
            return Optional.of(unlogged.keep(new Unlogged.Kept(
                    now.promised().serial(), now.order().address(), now.proof().evidence(), chain)));
        } catch (IdentityException e) {
            throw new IOException("what the CA signed is no certificate", e);
        }
    }

    private Optional<Ready> ready(Session session, Order asked, List<Keys.Held> issuers) throws Problem {
        // Others that are promised now count: of a key one address, of an address so many a week.
        session.crls().alone();
        Order order = session.orders().held(asked.id()).orElseThrow();
        if (order.status() != Order.Status.PROCESSING) return Optional.empty();
        if (!order.value().equals(asked.value())) throw failed("it was changed meanwhile");
        Optional<Certificate> before = Optional.empty();
        if (!order.serial().isEmpty()) {
            before = session.certificates().bySerial(order.serial());
            if (before.filter(each -> promises.isOurs(each, order)).isEmpty())
                throw failed("the store holds a promise that was not made here");
        }
        Keys.Held by = before.isEmpty() ? issuers.getFirst() : of(issuers, before.get());
        X509Certificate issuer = by.chain().getFirst();
        ECPublicKey key = Finalizing.key(session, order, order.csr(), issuer, now());
        Authorization proof =
                session.authorizations().byId(order.authorization()).orElseThrow();
        Proofs.Proven proven = proofs.proven(session, order, proof, order.csr(), now());
        proofs.checkLimits(session, order, now());
        if (before.isPresent()) {
            byte[] anew = promises.anew(before.get(), proven.way(), key, promises.by(issuer));
            return Optional.of(new Ready(before.get(), anew, by, proven, order));
        }
        Certificate promised = promises.make(order, order.csr(), proven.way(), key, issuer);
        Issuer.store(session, order, order.csr(), promised, now());
        return Optional.of(new Ready(promised, promised.toBeSigned(), by, proven, order));
    }

    private static Keys.Held of(List<Keys.Held> issuers, Certificate promised) {
        for (Keys.Held each : issuers)
            if (CertificateProfile.keyId(each.chain().getFirst()).equals(promised.issuer())) return each;
        throw new UncheckedIOException(new Issuer.NotSigned(promised.serial(), "the key for it is not here"));
    }

    private static Problem failed(String why) {
        return new Problem(
                "serverInternal", 500, "The CA could not make this certificate: " + why + ". Order another one.");
    }

    /// Leads to its end what was signed. May come twice, at once, too.
    void finish(Unlogged.Kept kept) throws IOException {
        X509Certificate leaf = kept.leaf();
        long index = log.enterForSure(kept.address(), Keys.encoded(leaf), kept.evidence());
        byte[] toBeSigned = toBeSigned(leaf);
        store.change(session -> {
            if (!session.certificates().issued(kept.serial(), toBeSigned, kept.chain(), index)) {
                LOG.log(System.Logger.Level.ERROR, "the store no longer knows certificate {0}", kept.serial());
                return;
            }
            String order = session.certificates()
                    .bySerial(kept.serial())
                    .map(Certificate::order)
                    .orElseThrow();
            if (session.orders().valid(order))
                session.audit()
                        .add(new AuditTable.Entry(
                                now(), "issued", kept.address().text(), kept.serial()));
            session.ring(Bell.DONE, order);
        });
        unlogged.forget(kept.serial());
    }

    private static byte[] toBeSigned(X509Certificate leaf) throws IOException {
        try {
            return leaf.getTBSCertificate();
        } catch (CertificateEncodingException e) {
            throw new IOException("what was kept is no certificate", e);
        }
    }

    /// The serials of all that was signed and is not at its end, whatever the store says of their orders.
    List<String> left() throws IOException {
        return unlogged.serials();
    }

    void finish(String serial) throws IOException {
        Optional<Unlogged.Kept> kept = unlogged.find(serial);
        if (kept.isPresent()) finish(kept.get());
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }
}
