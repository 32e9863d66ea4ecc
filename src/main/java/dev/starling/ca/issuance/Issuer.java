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
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.log.LogEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.time.Clock;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;

/// Makes certificates, in steps of which each is stored before the next: what will be signed, what was signed, that it
/// may be fetched; between the last two it is entered in the log. A process that dies between two of them leaves an
/// order that [#resume] leads to its end; each step may come twice and changes nothing the second time.
public final class Issuer implements Issuance {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    private static final int UNFINISHED = 1_000, WAITING = 10_000, LATER = 503;

    private final Authority authority;
    private final Promises promises;
    private final CertificateLog log;
    private final CaStore store;
    private final Proofs proofs;
    /// Where the store is not believed.
    private final Optional<LoggedFirst> unbelieving;

    private final Clock clock;
    private final Permission permission;
    private final Rounds rounds;
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

    private Issuer(Authority authority, Config config, CaStore store, CertificateLog log, Proofs proofs, Clock clock) {
        this.authority = authority;
        this.store = store;
        this.log = log;
        this.proofs = proofs;
        this.clock = clock;
        permission = _ -> {};
        var secret = proofs.believesStore() ? Optional.<byte[]>empty() : Optional.of(log.secret("promises"));
        promises = new Promises(authority.isTest(), config.place(), clock, secret);
        unbelieving = proofs.believesStore()
                ? Optional.empty()
                : Optional.of(new LoggedFirst(
                        authority,
                        store,
                        log,
                        proofs,
                        promises,
                        new Unlogged(config.folder().resolve("signed")),
                        clock));
        rounds = new Rounds(this::complete, clock);
    }

    private Issuer(Issuer like, Permission permission) {
        authority = like.authority;
        promises = like.promises;
        log = like.log;
        store = like.store;
        proofs = like.proofs;
        unbelieving = like.unbelieving;
        clock = like.clock;
        this.permission = permission;
        rounds = new Rounds(this::complete, clock);
    }

    /// The same, which asks that one; without it nobody is asked.
    public Issuer asking(Permission next) {
        return new Issuer(this, next);
    }

    /// Reads the keys in `folder`, or makes them on the first start; its certificates name no list, and there may be
    /// any
    /// number of them.
    public static Issuer open(Path folder, boolean test, CaStore store, CertificateLog log, Clock clock)
            throws IOException {
        return open(new Config(folder, Optional.empty(), test, ListPlace.NONE), store, log, clock);
    }

    /// As many certificates as there are orders.
    public static Issuer open(Config config, CaStore store, CertificateLog log, Clock clock) throws IOException {
        return open(config, store, log, new Proofs.Stored(Integer.MAX_VALUE), clock);
    }

    /// @param log in which each certificate stands before it is released
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
        var issuer = new Issuer(authority, config, store, log, proofs, clock);
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
        String serial = promise(orderId, csr);
        if (unbelieving.isPresent()) work(orderId);
        else complete(orderId, serial);
    }

    @Override
    public void issue(String orderId, byte[] csr, byte[] request) throws Problem, IOException {
        issue(orderId, csr);
    }

    /// Stores what will be signed; its serial.
    String promise(String orderId, byte[] csr) throws Problem, IOException {
        X509Certificate issuing = authority.issuing().chain().getFirst();
        return store.whole(session -> {
            // What others promise at this moment counts: of a key one address.
            session.crls().alone();
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
            session.crls().alone();
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
        String way = proofs.proven(session, order, proof, csr, now()).way();
        proofs.checkLimits(session, order, now());
        Certificate promised = promises.make(order, csr, way, key, issuing);
        store(session, order, csr, promised, now());
        return promised.serial();
    }

    static void store(Session session, Order order, byte[] csr, Certificate promised, long now) {
        session.certificates().add(promised);
        session.orders().processing(order.id(), csr, promised.serial());
        session.audit()
                .add(new AuditTable.Entry(
                        now, "issuing", order.value(), promised.serial() + " account " + order.account()));
    }

    /// Leads to their end the orders whose certificate a process that died was making. One that cannot be led there
    /// holds up no other, and fails when its time is over.
    public void resume() throws IOException {
        rounds.round(unfinished());
    }

    /// The same, for those that were being made at the last look, too: what was begun since is in somebody's hands.
    public synchronized void resumeLeft() throws IOException {
        List<Order> now = unfinished();
        try {
            rounds.round(
                    now.stream().filter(each -> lastLook.contains(each.id())).toList());
        } finally {
            lastLook = now.stream().map(Order::id).collect(Collectors.toUnmodifiableSet());
        }
    }

    private List<Order> unfinished() throws IOException {
        return store.in(session -> session.orders().unfinished(UNFINISHED));
    }

    /// Leads an order to its end that waits for its certificate, if it does. The same one may be worked on twice at
    /// once, here or in another process.
    public void work(String orderId) throws IOException {
        work(orderId, new Semaphore(1));
    }

    /// @param places for how many that is done at once; whoever only waits for the DNS has none
    public void work(String orderId, Semaphore places) throws IOException {
        Optional<Order> order = store.in(session -> session.orders().byId(orderId));
        if (order.isPresent() && order.get().status() == Order.Status.PROCESSING) {
            var _ = work(order.get(), places);
        }
    }

    /// The ids of those that wait, the oldest first.
    public List<String> waiting() throws IOException {
        return store.in(session -> session.orders().making(WAITING));
    }

    /// The serials of what was signed here and has no entry in the log yet, by the issuer's own folder.
    public List<String> unlogged() throws IOException {
        return unbelieving.isPresent() ? unbelieving.get().left() : List.of();
    }

    /// Enters one of them, and lets it go.
    public void enterLeft(String serial) throws IOException {
        if (unbelieving.isPresent()) unbelieving.get().finish(serial);
    }

    private boolean complete(Order order) throws IOException {
        LOG.log(System.Logger.Level.INFO, "order {0}: its certificate is completed", order.id());
        return work(order, new Semaphore(1));
    }

    /// False: the DNS does not say now whether it may be made.
    private boolean work(Order order, Semaphore places) throws IOException {
        try {
            boolean kept =
                    unbelieving.isPresent() && unbelieving.get().kept(order).isPresent();
            if (!kept && (unbelieving.isPresent() || order.serial().isEmpty())) permission.check(order);
            places.acquire();
            try {
                lead(order);
            } finally {
                places.release();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Problem e) {
            // The next look asks again, as long as the order is good.
            if (e.status() == LATER && order.expires() >= now()) return false;
            LOG.log(System.Logger.Level.WARNING, "order {0} is refused: {1}", order.id(), e.detail());
            refuse(order, new Fault(e.type(), e.detail()));
        } catch (NotAllowed e) {
            LOG.log(System.Logger.Level.ERROR, "order {0}: {1}", order.id(), e.getMessage());
            if (order.expires() < now()) giveUp(order);
            else return !e.isLater();
        } catch (NotSigned e) {
            LOG.log(System.Logger.Level.ERROR, "order {0}: {1}", order.id(), e.getMessage());
            if (order.expires() < now()) giveUp(order);
        }
        return true;
    }

    private void lead(Order order) throws Problem, IOException {
        if (unbelieving.isPresent()) {
            Optional<Unlogged.Kept> kept = unbelieving.get().kept(order);
            if (kept.isEmpty()) kept = unbelieving.get().sign(order);
            if (kept.isPresent()) unbelieving.get().finish(kept.get());
            return;
        }
        if (!order.serial().isEmpty()) checkStillGood(order);
        String serial = order.serial().isEmpty() ? promiseAsked(order.id()) : order.serial();
        if (!serial.isEmpty()) complete(order.id(), serial);
    }

    // Since the promise its proof may have been given up, or its key have been reported as stolen.
    private void checkStillGood(Order order) throws Problem, IOException {
        boolean _ = store.whole(session -> {
            boolean isSigned = session.certificates()
                    .bySerial(order.serial())
                    .filter(Certificate::isSigned)
                    .isPresent();
            if (isSigned) return true;
            Finalizing.checkNotGivenUp(session, order);
            Finalizing.checkKey(
                    session,
                    CertificateRequest.parse(order.csr(), order.address()).key(),
                    order);
            return true;
        });
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
    static class NotSigned extends IOException {
        private static final long serialVersionUID = 1;

        NotSigned(String serial, String why) {
            super("certificate " + serial + " is not signed: " + why);
        }
    }

    /// The owner of the domain does not let it, or nobody knows.
    private static final class NotAllowed extends NotSigned {
        private static final long serialVersionUID = 1;
        private final boolean later;

        NotAllowed(String serial, Problem why) {
            super(serial, why.detail());
            later = why.status() == LATER;
        }

        boolean isLater() {
            return later;
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
        if (promised.isSigned()) return;
        Keys.Held issuing = authority.issuers().stream()
                .filter(each ->
                        CertificateProfile.keyId(each.chain().getFirst()).equals(promised.issuer()))
                .findFirst()
                .orElseThrow(() -> new NotSigned(promised.serial(), "the key for it is not here"));
        X509Certificate issuer = issuing.chain().getFirst();
        byte[] toBeSigned = checked(promised, issuer);
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
            throw new NotAllowed(promised.serial(), e);
        }
    }

    // Whoever can write into the store must not choose what is signed: it is made anew of what was asked and proven.
    private byte[] checked(Certificate promised, X509Certificate issuer) throws IOException {
        byte[] held = promised.toBeSigned(), now = anew(promised, promises.by(issuer));
        boolean isOld = !Arrays.equals(now, held);
        // The place of the lists may have changed since the promise: then it is promised anew, before it is signed.
        if (isOld && !Arrays.equals(anew(promised, new CertificateProfile.By(issuer, listOf(promised))), held)
                || promised.notAfter() - promised.notBefore() > Promises.LIFE.toSeconds()
                || promised.notBefore() > now())
            throw new NotSigned(promised.serial(), "what the store holds is not what was asked for");
        if (isOld) store.change(session -> session.certificates().promised(promised.serial(), now));
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
                String way =
                        proofs.proven(session, order, proof, order.csr(), now()).way();
                ECPublicKey key =
                        CertificateRequest.parse(order.csr(), proof.address()).key();
                return promises.anew(promised, way, key, by);
            });
        } catch (Problem e) {
            throw new NotSigned(promised.serial(), e.detail());
        }
    }

    /// Enters in the log what was signed, unless that was done.
    void enter(String serial) throws IOException {
        Certificate signed =
                store.in(session -> session.certificates().bySerial(serial).orElseThrow());
        if (signed.logIndex() >= 0) return;
        byte[] evidence = store.in(session -> evidence(session, signed));
        long index = log.enter(new Address(signed.value()), signed.leaf(), evidence);
        store.change(session -> session.certificates().logged(serial, index));
    }

    private static byte[] evidence(Session session, Certificate signed) {
        return session.orders()
                .byId(signed.order())
                .flatMap(order -> session.authorizations().byId(order.authorization()))
                .map(proof -> Proofs.evidence(session, proof))
                .orElseGet(LogEntry::noEvidence);
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
