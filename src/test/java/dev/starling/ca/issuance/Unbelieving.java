package dev.starling.ca.issuance;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.ca.Csrs;
import dev.starling.ca.log.CertificateLog;
import dev.starling.ca.log.LogKey;
import dev.starling.ca.registration.Ids;
import dev.starling.ca.store.Account;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Certificate;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Order;
import dev.starling.ca.store.Receipt;
import dev.starling.ca.validation.ProofKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// An issuer that does not believe its store, a store, and the orders of somebody who has proven his mailbox and asks
/// for certificates. The store is SQLite, which others write by a connection of their own.
final class Unbelieving implements AutoCloseable {
    private static final long DAY = 86_400;

    final CaStore store;
    final ProofKey proofs;
    private final Path folder;
    private final Clock clock;
    private final ECKey key;
    private final String account = Ids.random();

    Unbelieving(Path folder, Clock clock) throws IOException, JOSEException {
        this.folder = folder;
        this.clock = clock;
        store = CaStore.inFile(folder.resolve("ca.db"));
        proofs = ProofKey.open(folder.resolve("validation"));
        key = new ECKeyGenerator(Curve.P_256).generate();
        store.change(session -> session.accounts()
                .add(new Account(
                        account,
                        Jws.thumbprint(key),
                        key.toPublicJWK().toJSONString(),
                        Account.Status.VALID,
                        List.of(),
                        now())));
    }

    long now() {
        return clock.instant().getEpochSecond();
    }

    Path keys() {
        return folder.resolve("issuer");
    }

    /// As after a start: nothing is in its memory.
    Issuer issuer() throws IOException {
        return issuer(keys());
    }

    Issuer issuer(Path keys) throws IOException {
        var log = new CertificateLog(
                store, LogKey.open(keys, store, "ca.example/log"), List.of(), Optional.of(keys.resolve("log.head")));
        var config = new Issuer.Config(keys, Optional.empty(), false, ListPlace.NONE);
        return Issuer.open(config, store, log, new SignedProofs(proofs.check(), 9), clock);
    }

    /// An order that waits for the issuer, with all that it wants.
    String order(String address, byte[] csr) throws IOException {
        return order(address, csr, Order.Status.PROCESSING, now(), "");
    }

    /// @param proven Unix seconds
    /// @param evidence as in [Receipt]
    String order(String address, byte[] csr, Order.Status status, long proven, String evidence) throws IOException {
        String id = Ids.random();
        String way = evidence.isEmpty() ? "email-code-00" : "email-reply-00";
        String text = Base64.getUrlEncoder().withoutPadding().encodeToString(csr);
        byte[] request = finalization(id, Json.write(Map.of("csr", text)));
        store.change(session -> {
            session.authorizations()
                    .add(new Authorization(
                            id,
                            account,
                            "email",
                            address,
                            Authorization.Status.VALID,
                            now(),
                            now() + 90 * DAY,
                            now(),
                            way,
                            Fault.NONE));
            session.receipts()
                    .put(proofs.sign(new Receipt(
                            id, address, way, Receipt.ofAccount(Jws.thumbprint(key)), proven, evidence, new byte[0])));
            session.receipts().request(id, request);
            session.orders()
                    .add(new Order(
                            id, account, id, "email", address, status, now(), now() + DAY, csr, "", "", Fault.NONE));
        });
        return id;
    }

    private byte[] finalization(String order, String payload) {
        return Jws.sign(
                key,
                Optional.of("https://ca.example/acme/account/x"),
                "bm9uY2U",
                "https://ca.example/acme/finalize/" + order,
                payload);
    }

    /// In place of the request that asks for its certificate.
    void requested(String order, String payload) throws IOException {
        store.change(session -> session.receipts().request(order, finalization(order, payload)));
    }

    /// How the issuer sees the proof of an address, whatever else is asked of an order.
    String way(String address) throws Exception {
        byte[] csr = Csrs.of("bob@example.net");
        String id = order(address, csr);
        return store.whole(session -> new SignedProofs(proofs.check(), 9)
                .proven(
                        session,
                        session.orders().byId(id).orElseThrow(),
                        session.authorizations().byId(id).orElseThrow(),
                        csr,
                        now())
                .way());
    }

    Order of(String order) throws IOException {
        return store.in(session -> session.orders().byId(order).orElseThrow());
    }

    int open() throws IOException {
        return store.in(session -> session.orders().open(account, now()));
    }

    Certificate certificate(String order) throws IOException {
        String serial = of(order).serial();
        return store.in(session -> session.certificates().bySerial(serial).orElseThrow());
    }

    long entries() throws IOException {
        return store.in(session -> session.log().head().map(each -> each.size()).orElse(0L));
    }

    /// What somebody else does to the store.
    void elsewhere(String sql) throws SQLException {
        try (var db = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("ca.db"));
                var s = db.createStatement()) {
            s.execute(sql);
        }
    }

    /// The names of what it has signed and not entered.
    List<String> signed() throws IOException {
        Path kept = keys().resolve("signed");
        if (!Files.exists(kept)) return List.of();
        try (Stream<Path> all = Files.list(kept)) {
            return all.map(each -> String.valueOf(each.getFileName())).sorted().toList();
        }
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
