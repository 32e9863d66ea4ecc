package dev.starling.ca.issuance;

import dev.starling.acme.Problem;
import dev.starling.ca.log.CertificateLog;
import dev.starling.ca.store.AuditTable;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Bells.Bell;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Certificate;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Order;
import dev.starling.ca.store.Session;
import dev.starling.ca.store.ShownTable.Shown;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.log.LogEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// Makes certificates, in steps of which each is stored before the next: what will be signed, what was signed, that it
/// may be fetched; between the last two it is entered in the log. A process that dies between two of them leaves an
/// order that [#resume] leads to its end; each step may come twice and changes nothing the second time.
public final class Issuer implements Issuance {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    private static final Duration LIFE = Duration.ofDays(30);
    private static final Duration BACKDATED = Duration.ofMinutes(5);
    private static final int UNFINISHED = 100, LATER = 503;

    private final Authority authority;
    private final ListPlace place;
    private final CertificateLog log;
    private final CaStore store;
    private final Proofs proofs;
    private final Clock clock;
    private final Permission permission;
    private Set<String> lastLook = Set.of();

    /// Where its keys are, and what they sign.
    ///
    /// @param token with the issuing key; empty: it is in the folder
    /// @param test whether every certificate says that it is for tests
    public record Config(Path folder, Optional<Token> token, boolean test, ListPlace place) {}

    /// Whether the owner of an order's domain lets its certificate be made; asked before each signature.
    public interface Permission {
        void check(Order order) throws Problem, IOException;
    }

    private Issuer(
            Authority authority,
            ListPlace place,
            CaStore store,
            CertificateLog log,
            Proofs proofs,
            Permission permission,
            Clock clock) {
        this.authority = authority;
        this.place = place;
        this.store = store;
        this.log = log;
        this.proofs = proofs;
        this.permission = permission;
        this.clock = clock;
    }

    /// The same, which asks that one; without it nobody is asked.
    public Issuer asking(Permission next) {
        return new Issuer(authority, place, store, log, proofs, next, clock);
    }

    /// Reads the keys in `folder`, or makes them on the first start; its certificates name no list.
    public static Issuer open(Path folder, boolean test, CaStore store, CertificateLog log, Clock clock)
            throws IOException {
        return open(new Config(folder, Optional.empty(), test, ListPlace.NONE), store, log, clock);
    }

    /// @param log in which each certificate stands before it is released
    public static Issuer open(Config config, CaStore store, CertificateLog log, Clock clock) throws IOException {
        return open(config, store, log, Proofs.STORED, clock);
    }

    /// @param proofs what it believes of the store
    public static Issuer open(Config config, CaStore store, CertificateLog log, Proofs proofs, Clock clock)
            throws IOException {
        var place = new Authority.Place(config.folder(), store.isShared(), config.token());
        // Of processes that share the store one makes the keys, and leaves a mark; another one without those keys
        // stops.
        Authority authority = store.in(session -> {
            session.crls().alone();
            boolean used = session.certificates().count() > 0
                    || store.isShared() && session.crls().isAny();
            try {
                Authority opened = Authority.open(place, config.test(), used, clock);
                if (store.isShared() && !used)
                    session.crls()
                            .next(
                                    CertificateProfile.keyId(
                                            opened.issuing().chain().getFirst()),
                                    clock.instant().getEpochSecond());
                return opened;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        var issuer = new Issuer(authority, config.place(), store, log, proofs, _ -> {}, clock);
        issuer.show();
        return issuer;
    }

    /// Makes the next issuing key of the CA in `folder`, while none of its processes runs that would not know of it.
    public static void replaceKey(Path folder, Clock clock) throws IOException {
        Authority.existing(Authority.Place.of(folder), clock).replace();
    }

    /// Of the certificates that it made.
    public RevocationLists lists() {
        return new RevocationLists(authority, store, clock);
    }

    /// Lets processes without keys know its certificates.
    public void show() throws IOException {
        List<Keys.Held> all = authority.issuers();
        store.change(session -> {
            session.shown().put(Shown.ROOT, Keys.encoded(root()));
            session.shown()
                    .put(Shown.ISSUING, Keys.encoded(all.getFirst().chain().getFirst()));
            if (all.size() > 1)
                session.shown()
                        .put(
                                Shown.ISSUING_PREVIOUS,
                                Keys.encoded(all.get(1).chain().getFirst()));
        });
    }

    @Override
    public boolean believes(Session session, Authorization proof) {
        return true;
    }

    @Override
    public void renewLists() {
        lists().renew();
    }

    @Override
    public boolean listsAreGood() throws IOException {
        return lists().areGood();
    }

    @Override
    public X509Certificate root() {
        return authority.root();
    }

    /// For whom a certificate request (DER) asks.
    public static Address asked(byte[] csr) throws Problem {
        Address address = CertificateRequest.asked(csr);
        var _ = CertificateRequest.parse(csr, address);
        return address;
    }

    @Override
    public void checkMayCertify(Address address) throws Problem, IOException {
        Finalizing.checkAllowed(authority.issuing().chain().getFirst(), address);
    }

    /// Issues for the key in `csr` (DER), which must ask for just the order's address, if the order is ready.
    public void issue(String orderId, byte[] csr) throws Problem, IOException {
        Order order = store.in(session -> session.orders().byId(orderId).orElseThrow());
        // Nobody is asked for what would not be issued anyway.
        Finalizing.checkReady(order, now());
        permission.check(order);
        complete(orderId, promise(orderId, csr));
    }

    @Override
    public void issue(String orderId, byte[] csr, byte[] request) throws Problem, IOException {
        issue(orderId, csr);
    }

    /// Stores what will be signed; its serial.
    String promise(String orderId, byte[] csr) throws Problem, IOException {
        X509Certificate issuing = authority.issuing().chain().getFirst();
        return store.whole(session -> {
            // Held, so that of two requests at once one issues.
            Order order = session.orders().held(orderId).orElseThrow();
            Finalizing.checkReady(order, now());
            return promise(session, order, csr, issuing);
        });
    }

    /// The same for an order that waits for it: whoever took it has no key.
    private String promiseAsked(String orderId) throws Problem, IOException {
        X509Certificate issuing = authority.issuing().chain().getFirst();
        return store.whole(session -> {
            Order order = session.orders().held(orderId).orElseThrow();
            // Another one may have been faster.
            if (!order.serial().isEmpty() || order.status() != Order.Status.PROCESSING) return order.serial();
            return promise(session, order, order.csr(), issuing);
        });
    }

    private String promise(Session session, Order order, byte[] csr, X509Certificate issuing) throws Problem {
        ECPublicKey key = Finalizing.key(session, order, csr, issuing, now());
        Authorization proof =
                session.authorizations().byId(order.authorization()).orElseThrow();
        String way = proofs.way(session, order, proof, csr, now());
        proofs.checkLimits(session, order, now());
        var certificate = promised(order, way, key, issuing);
        session.certificates().add(certificate);
        session.orders().processing(order.id(), csr, certificate.serial());
        session.audit()
                .add(new AuditTable.Entry(
                        now(), "issuing", order.value(), certificate.serial() + " account " + order.account()));
        return certificate.serial();
    }

    private Certificate promised(Order order, String way, ECPublicKey key, X509Certificate issuer) {
        var serial = CaCertificate.serial();
        Instant from = clock.instant().minus(BACKDATED), end = from.plus(LIFE);
        Instant latest = issuer.getNotAfter().toInstant();
        var validity = new CertificateProfile.Validity(from, end.isBefore(latest) ? end : latest);
        var subject = new CertificateProfile.Subject(key, order.address(), policy(way));
        return new Certificate(
                serial.toString(16),
                order.id(),
                order.account(),
                order.type(),
                order.value(),
                Finalizing.device(key),
                CertificateProfile.keyId(issuer),
                CertificateProfile.toBeSigned(subject, serial, validity, by(issuer)),
                "",
                validity.from().getEpochSecond(),
                validity.to().getEpochSecond(),
                0,
                0,
                -1);
    }

    // What is certain of a reply by S/MIME is that the code was read; its domain said nothing.
    private String policy(String way) {
        String level = authority.isTest() ? ".9" : way.equals("email-reply-00") ? ".2" : ".1";
        return CertificateVerifier.POLICY_ARC + level;
    }

    /// Leads to their end the orders whose certificate a process that died was making. One that cannot be led there
    /// holds up no other, and fails when its time is over.
    public void resume() throws IOException {
        resume(unfinished());
    }

    /// The same, for those that were being made at the last look, too: what was begun since is in somebody's hands.
    public synchronized void resumeLeft() throws IOException {
        List<Order> now = unfinished();
        resume(now.stream().filter(each -> lastLook.contains(each.id())).toList());
        lastLook = now.stream().map(Order::id).collect(Collectors.toUnmodifiableSet());
    }

    private List<Order> unfinished() throws IOException {
        return store.in(session -> session.orders().unfinished(UNFINISHED));
    }

    private void resume(List<Order> unfinished) throws IOException {
        for (Order order : unfinished) {
            LOG.log(System.Logger.Level.INFO, "order {0}: its certificate is completed", order.id());
            work(order);
        }
    }

    /// Leads an order to its end that waits for its certificate, if it does. The same one may be worked on twice at
    /// once, here or in another process.
    public void work(String orderId) throws IOException {
        Optional<Order> order = store.in(session -> session.orders().byId(orderId));
        if (order.isPresent() && order.get().status() == Order.Status.PROCESSING) work(order.get());
    }

    /// The ids of those that wait, the oldest first.
    public List<String> waiting() throws IOException {
        return unfinished().stream().map(Order::id).toList();
    }

    private void work(Order order) throws IOException {
        try {
            if (order.serial().isEmpty()) permission.check(order);
            String serial = order.serial().isEmpty() ? promiseAsked(order.id()) : order.serial();
            if (!serial.isEmpty()) complete(order.id(), serial);
        } catch (Problem e) {
            // The DNS does not answer now; the next look asks again.
            if (e.status() == LATER) return;
            LOG.log(System.Logger.Level.WARNING, "order {0} is refused: {1}", order.id(), e.detail());
            refuse(order, new Fault(e.type(), e.detail()));
        } catch (NotSigned e) {
            LOG.log(System.Logger.Level.ERROR, "order {0}: {1}", order.id(), e.getMessage());
            if (order.expires() < now()) giveUp(order);
        }
    }

    // A proof that is none here never will be: the next order asks the mailbox anew.
    private void refuse(Order order, Fault why) throws IOException {
        store.change(session -> {
            if (!session.orders().failed(order.id(), why)) return;
            if (why.type().equals("unauthorized"))
                session.authorizations().end(order.authorization(), Authorization.Status.REVOKED, why);
            session.audit().add(new AuditTable.Entry(now(), "refused", order.value(), why.detail()));
            session.ring(Bell.DONE, order.id());
        });
    }

    // Nothing was signed, so nothing is lost but the promise.
    private void giveUp(Order order) throws IOException {
        var fault = new Fault("serverInternal", "The CA could not sign this certificate. Order another one.");
        store.change(session -> {
            if (session.orders().failed(order.id(), fault))
                session.audit().add(new AuditTable.Entry(now(), "given up", order.value(), order.serial()));
            session.ring(Bell.DONE, order.id());
        });
    }

    /// What was promised cannot be kept, or must not.
    private static final class NotSigned extends IOException {
        private static final long serialVersionUID = 1;

        NotSigned(String serial, String why) {
            super("certificate " + serial + " is not signed: " + why);
        }
    }

    private void complete(String orderId, String serial) throws IOException {
        sign(serial);
        enter(serial);
        store.change(session -> {
            Order order = session.orders().byId(orderId).orElseThrow();
            if (session.orders().valid(orderId))
                session.audit().add(new AuditTable.Entry(now(), "issued", order.value(), serial));
            session.ring(Bell.DONE, orderId);
        });
    }

    /// Signs what was promised, unless that was done.
    void sign(String serial) throws IOException {
        Certificate promised =
                store.in(session -> session.certificates().bySerial(serial).orElseThrow());
        if (promised.isSigned() && (proofs.believesStore() || promised.logIndex() >= 0)) return;
        Keys.Held issuing = authority.issuers().stream()
                .filter(each ->
                        CertificateProfile.keyId(each.chain().getFirst()).equals(promised.issuer()))
                .findFirst()
                .orElseThrow(() -> new NotSigned(promised.serial(), "the key for it is not here"));
        X509Certificate issuer = issuing.chain().getFirst();
        byte[] toBeSigned = checked(promised, issuer);
        if (promised.isSigned()) {
            checkSigned(promised, issuer);
            return;
        }
        checkPermission(promised);
        byte[] der = CertificateProfile.signed(toBeSigned, issuing.key());
        try {
            String chain = pem(Keys.certificate(der)) + pem(issuer);
            store.change(session -> session.certificates().signed(promised.serial(), toBeSigned, chain));
        } catch (IdentityException e) {
            throw new IOException("what the CA signed is no certificate", e);
        }
    }

    // The promise may be old, of a process that died.
    private void checkPermission(Certificate promised) throws IOException {
        Order order =
                store.in(session -> session.orders().byId(promised.order()).orElseThrow());
        try {
            permission.check(order);
        } catch (Problem e) {
            throw new NotSigned(promised.serial(), e.detail());
        }
    }

    // Whoever can write into the store must not choose what is signed: it is made anew of what was asked and proven.
    private byte[] checked(Certificate promised, X509Certificate issuer) throws IOException {
        byte[] held = promised.toBeSigned(), now = anew(promised, by(issuer));
        boolean isOld = !Arrays.equals(now, held);
        // The place of the lists may have changed since the promise: then it is promised anew, before it is signed.
        if (isOld && !Arrays.equals(anew(promised, new CertificateProfile.By(issuer, listOf(promised))), held)
                || promised.notAfter() - promised.notBefore() > LIFE.toSeconds()
                || promised.notBefore() > now())
            throw new NotSigned(promised.serial(), "what the store holds is not what was asked for");
        if (isOld && !promised.isSigned())
            store.change(session -> session.certificates().promised(promised.serial(), now));
        return now;
    }

    private static Optional<String> listOf(Certificate promised) throws IOException {
        try {
            return CertificateProfile.listOf(promised.toBeSigned());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private byte[] anew(Certificate promised, CertificateProfile.By by) throws IOException {
        try {
            return store.whole(session -> {
                Order order = session.orders().byId(promised.order()).orElseThrow();
                Authorization proof =
                        session.authorizations().byId(order.authorization()).orElseThrow();
                if (!proof.value().equals(promised.value()))
                    throw new Problem("unauthorized", 403, "it is for another address");
                String way = proofs.way(session, order, proof, order.csr(), now());
                var subject = new CertificateProfile.Subject(
                        CertificateRequest.parse(order.csr(), proof.address()).key(), proof.address(), policy(way));
                var validity = new CertificateProfile.Validity(
                        Instant.ofEpochSecond(promised.notBefore()), Instant.ofEpochSecond(promised.notAfter()));
                return CertificateProfile.toBeSigned(subject, new BigInteger(promised.serial(), 16), validity, by);
            });
        } catch (Problem e) {
            throw new NotSigned(promised.serial(), e.detail());
        }
    }

    private CertificateProfile.By by(X509Certificate issuer) {
        return new CertificateProfile.By(issuer, place.of(issuer));
    }

    // Nor what is entered in the log as signed.
    private static void checkSigned(Certificate signed, X509Certificate issuer) throws IOException {
        try {
            X509Certificate leaf = Keys.certificate(signed.leaf());
            if (IssuingKeys.signed(leaf, issuer) && Arrays.equals(leaf.getTBSCertificate(), signed.toBeSigned()))
                return;
        } catch (IdentityException | CertificateEncodingException | RuntimeException e) {
            throw new NotSigned(signed.serial(), "what the store holds is no certificate");
        }
        throw new NotSigned(signed.serial(), "what the store holds was not signed here");
    }

    /// Enters in the log what was signed, unless that was done.
    void enter(String serial) throws IOException {
        Certificate signed =
                store.in(session -> session.certificates().bySerial(serial).orElseThrow());
        if (signed.logIndex() >= 0) return;
        byte[] evidence = store.in(session -> session.orders()
                .byId(signed.order())
                .flatMap(order -> session.evidence().of(order.authorization()))
                .map(reply -> DeviceId.sha256(reply.mail()))
                .orElseGet(LogEntry::noEvidence));
        long index = log.enter(new Address(signed.value()), signed.leaf(), evidence);
        store.change(session -> session.certificates().logged(serial, index));
    }

    public static String pem(X509Certificate certificate) {
        return "-----BEGIN CERTIFICATE-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(Keys.encoded(certificate))
                + "\n-----END CERTIFICATE-----\n";
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }
}
