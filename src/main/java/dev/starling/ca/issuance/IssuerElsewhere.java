package dev.starling.ca.issuance;

import dev.starling.acme.Problem;
import dev.starling.ca.store.Account;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Bells.Bell;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Order;
import dev.starling.ca.store.Receipt;
import dev.starling.ca.store.Session;
import dev.starling.ca.store.ShownTable.Shown;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/// The issuing key is in another process that shares the store: orders are left there for it, and it is woken.
public final class IssuerElsewhere implements Issuance {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    /// For how long a client waits for its answer. Then the order is `processing`, and the client asks again.
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final CaStore store;
    private final X509Certificate root;
    private final Clock clock;

    /// @throws IOException also when no issuer has used this store yet
    public IssuerElsewhere(CaStore store, Clock clock) throws IOException {
        this(store, Optional.empty(), clock);
    }

    /// @param proofs the key of this process, if it proves mailboxes: its issuer must be told
    public IssuerElsewhere(CaStore store, Optional<String> proofs, Clock clock) throws IOException {
        this.store = store;
        this.clock = clock;
        root = shown(Shown.ROOT)
                .orElseThrow(() -> new IOException("No issuer has used this database yet: start `starling ca issuer"
                        + proofs.map(key -> " --proof-key " + key).orElse("") + "` with it first."));
    }

    private Optional<X509Certificate> shown(Shown what) throws IOException {
        Optional<byte[]> der = store.in(session -> session.shown().find(what));
        try {
            return der.isEmpty() ? Optional.empty() : Optional.of(Keys.certificate(der.get()));
        } catch (IdentityException e) {
            throw new IOException("the certificate " + what + " in the store is damaged", e);
        }
    }

    private X509Certificate issuing() throws IOException {
        return shown(Shown.ISSUING).orElseThrow(() -> new IOException("no issuing certificate is in the store"));
    }

    @Override
    public X509Certificate root() {
        return root;
    }

    @Override
    public void checkMayCertify(Address address) throws Problem, IOException {
        Finalizing.checkAllowed(issuing(), address);
    }

    @Override
    public void issue(String orderId, byte[] csr, byte[] request) throws Problem, IOException {
        X509Certificate issuing = issuing();
        long now = clock.instant().getEpochSecond();
        try (var done = store.bells().awaiting(Bell.DONE, orderId)) {
            boolean _ = store.whole(session -> {
                Order order = session.orders().held(orderId).orElseThrow();
                Finalizing.checkReady(order, now);
                var _ = Finalizing.key(session, order, csr, issuing, now);
                if (request.length > 0) session.receipts().request(orderId, request);
                session.orders().processing(orderId, csr, "");
                session.ring(Bell.ORDER, orderId);
                return true;
            });
            done.await(PATIENCE);
        }
    }

    // The issuer wants it signed, and for a key that led to the one that the account has now.
    @Override
    public boolean believes(Session session, Authorization proof) {
        Optional<Account> account = session.accounts().byId(proof.account());
        Optional<Receipt> receipt = session.receipts().of(proof.id());
        if (account.isEmpty() || receipt.isEmpty()) return false;
        try {
            return HeldKeys.isCurrent(session, account.get(), receipt.get().holder());
        } catch (Problem e) {
            return false;
        }
    }

    @Override
    public void renewLists() {
        try {
            store.change(session -> session.ring(Bell.WITHDRAWN, ""));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the issuer was not woken for its lists; it looks by itself", e);
        }
    }

    @Override
    public boolean listsAreGood() throws IOException {
        long now = clock.instant().getEpochSecond();
        if (!isGood(issuing(), now)) return false;
        Optional<X509Certificate> previous = shown(Shown.ISSUING_PREVIOUS);
        boolean over =
                previous.isEmpty() || previous.get().getNotAfter().toInstant().isBefore(clock.instant());
        return over || isGood(previous.get(), now);
    }

    private boolean isGood(X509Certificate issuer, long now) throws IOException {
        String keyId = CertificateProfile.keyId(issuer);
        return store.in(session -> session.crls().newest(keyId))
                .filter(each -> each.nextUpdate() > now)
                .isPresent();
    }
}
