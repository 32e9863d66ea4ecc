package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.issuance.IssuerElsewhere;
import dev.starling.ca.issuance.ListPlace;
import dev.starling.ca.issuance.SignedProofs;
import dev.starling.ca.registration.Ids;
import dev.starling.ca.store.Account;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Bells.Bell;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Certificate;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Order;
import dev.starling.ca.store.PostgreSql;
import dev.starling.ca.store.Receipt;
import dev.starling.ca.validation.ProofKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Somebody has taken the front, and writes into the database what he likes. The issuer signs nothing for an address
/// that he has not proven. Each attack stands beside what is right, which is signed: so it fails for its own reason.
class TakenFrontTest {
    private static final String BOB = "bob@example.net", MALLORY = "mallory@example.net";
    private static final long DAY = 86_400;

    @TempDir
    Path folder;

    private String database = "";
    private ProofKey key;
    private CaStore store;
    private IssuingProcess issuer;
    private final long now = Clock.systemUTC().instant().getEpochSecond();

    /// An account, and its authorization for an address.
    private record Holder(ECKey key, String account, String authorization, String address) {
        String thumbprint() {
            return Jws.thumbprint(key);
        }
    }

    @BeforeEach
    void start() throws Exception {
        database = PostgreSql.database();
        // Of the process that proves mailboxes, which nobody has taken.
        key = ProofKey.open(folder.resolve("validation"));
        store = CaStore.postgresql(database);
        issuer = new IssuingProcess(
                new IssuingProcess.Settings(
                        new Issuer.Config(folder.resolve("issuer"), Optional.empty(), false, ListPlace.NONE),
                        database,
                        "ca.example/log",
                        key.check(),
                        3,
                        List.of(),
                        Optional.empty()),
                Clock.systemUTC());
    }

    @AfterEach
    void stop() throws Exception {
        issuer.close();
        store.close();
    }

    /// As the database says of somebody who has proven his mailbox; but no proof is there.
    private Holder written(String address) throws IOException {
        ECKey own = AcmeCaller.newKey();
        var holder = new Holder(own, Ids.random(), Ids.random(), address);
        store.change(session -> {
            session.accounts()
                    .add(new Account(
                            holder.account(),
                            holder.thumbprint(),
                            own.toPublicJWK().toJSONString(),
                            Account.Status.VALID,
                            List.of(),
                            now));
            session.authorizations()
                    .add(new Authorization(
                            holder.authorization(),
                            holder.account(),
                            "email",
                            address,
                            Authorization.Status.VALID,
                            now,
                            now + 90 * DAY,
                            now,
                            "email-code-00",
                            Fault.NONE));
        });
        return holder;
    }

    private static Receipt receipt(Holder of, long proven) {
        return new Receipt(
                of.authorization(),
                of.address(),
                "email-code-00",
                Receipt.ofAccount(of.thumbprint()),
                proven,
                "",
                new byte[0]);
    }

    /// The same with the proof of whoever proves mailboxes.
    private Holder proven(String address) throws IOException {
        Holder holder = written(address);
        put(key.sign(receipt(holder, now)));
        return holder;
    }

    private void put(Receipt receipt) throws IOException {
        store.change(session -> session.receipts().put(receipt));
    }

    private static byte[] request(ECKey by, String order, byte[] csr) {
        String text = Base64.getUrlEncoder().withoutPadding().encodeToString(csr);
        String url = "https://ca.example/acme/finalize/" + order;
        return Jws.sign(
                by, Optional.of("https://ca.example/acme/account/x"), "bm9uY2U", url, Json.write(Map.of("csr", text)));
    }

    private String order(Holder of, byte[] csr) throws IOException {
        return order(Ids.random(), of, csr, "");
    }

    /// An order that waits for the issuer, whatever it takes.
    private String order(String id, Holder of, byte[] csr, String serial) throws IOException {
        store.change(session -> {
            session.orders()
                    .add(new Order(
                            id,
                            of.account(),
                            of.authorization(),
                            "email",
                            of.address(),
                            Order.Status.PROCESSING,
                            now,
                            now + DAY,
                            csr,
                            serial,
                            "",
                            Fault.NONE));
        });
        return id;
    }

    private void request(String order, byte[] request) throws IOException {
        store.change(session -> session.receipts().request(order, request));
    }

    private void ring(String order) throws IOException {
        store.change(session -> session.ring(Bell.ORDER, order));
    }

    /// What became of it.
    private Order settled(String id) throws Exception {
        ring(id);
        for (int i = 0; i < 600; i++) {
            Order order = store.in(session -> session.orders().byId(id).orElseThrow());
            if (order.status() != Order.Status.PROCESSING) return order;
            Thread.sleep(50);
        }
        throw new AssertionError("nothing became of order " + id);
    }

    private void refused(String why, String order) throws Exception {
        Order settled = settled(order);
        assertEquals(Order.Status.INVALID, settled.status(), why);
        assertTrue(settled.error().detail().startsWith(why), settled.error()::detail);
        assertEquals("", settled.serial(), why);
        assertEquals(List.of(), store.in(session -> session.certificates().of(settled.value(), 9)), why);
    }

    private long entries() throws IOException {
        return store.in(session -> session.log().head().map(each -> each.size()).orElse(0L));
    }

    private void issued(String order) throws Exception {
        long before = entries();
        Order settled = settled(order);
        assertEquals(Order.Status.VALID, settled.status(), settled.error()::detail);
        assertEquals(before + 1, entries());
    }

    @Test
    void whatIsProvenAndAskedForIsSigned() throws Exception {
        Holder bob = proven(BOB);
        for (int i = 0; i < 3; i++) {
            byte[] csr = Csrs.of(BOB);
            String order = order(bob, csr);
            request(order, request(bob.key(), order, csr));
            issued(order);
        }
        // And the issuer counts by itself.
        byte[] csr = Csrs.of(BOB);
        String fourth = order(bob, csr);
        request(fourth, request(bob.key(), fourth, csr));
        assertTrue(settled(fourth).error().detail().startsWith("Too many certificates"));
    }

    @Test
    void aMailboxThatTheDatabaseCallsProvenIsNot() throws Exception {
        Holder bob = written(BOB);
        byte[] csr = Csrs.of(BOB);
        String order = order(bob, csr);
        request(order, request(bob.key(), order, csr));
        refused("There is no signed proof", order);
        // And the next order of that account asks the mailbox.
        assertEquals(
                Authorization.Status.REVOKED,
                store.in(session -> session.authorizations()
                        .byId(bob.authorization())
                        .orElseThrow()
                        .status()));
    }

    @Test
    void aProofOfAnotherHandOrOfAnotherMailboxOrTimeIsNone() throws Exception {
        var other = ProofKey.open(folder.resolve("mallory"));
        Holder one = written(BOB), two = written(BOB), three = written(BOB), four = written(BOB), five = written(BOB);
        put(other.sign(receipt(one, now)));
        Receipt mine = key.sign(new Receipt(
                two.authorization(),
                MALLORY,
                "email-code-00",
                Receipt.ofAccount(two.thumbprint()),
                now,
                "",
                new byte[0]));
        put(mine);
        // The signature of a proof that is genuine, under other words.
        put(receipt(three, now).signed(mine.signature()));
        put(key.sign(receipt(four, now - 92 * DAY)));
        // A code's proof that is to be a reply's.
        Receipt code = receipt(five, now);
        put(new Receipt(
                code.authorization(),
                BOB,
                "email-reply-00",
                code.holder(),
                now,
                "",
                key.sign(code).signature()));
        var whys = List.of(
                "The proof of this mailbox is not genuine",
                "The proof is of another mailbox",
                "The proof of this mailbox is not genuine",
                "The proof of this mailbox is too old",
                "The proof of this mailbox is not genuine");
        var holders = List.of(one, two, three, four, five);
        for (int i = 0; i < holders.size(); i++) {
            byte[] csr = Csrs.of(BOB);
            String order = order(holders.get(i), csr);
            request(order, request(holders.get(i).key(), order, csr));
            refused(whys.get(i), order);
        }
        assertEquals(0, entries());
    }

    @Test
    void whoHasAProofOfHisOwnUsesItForNobodyElse() throws Exception {
        Holder mallory = proven(MALLORY);
        // His authorization renamed, his receipt as it is.
        try (var db = DriverManager.getConnection(database);
                var s = db.createStatement()) {
            s.execute("update authz set value = '" + BOB + "' where id = '" + mallory.authorization() + "'");
        }
        Holder asBob = new Holder(mallory.key(), mallory.account(), mallory.authorization(), BOB);
        byte[] csr = Csrs.of(BOB);
        String order = order(asBob, csr);
        request(order, request(mallory.key(), order, csr));
        refused("The proof is of another mailbox", order);
    }

    /// A request for another key (RFC 8555, section 7.3.5).
    ///
    /// @param by signs it
    /// @param from is named as the old one
    private static byte[] change(ECKey by, ECKey from, ECKey to, String account) {
        String url = "https://ca.example/acme/key-change", kid = "https://ca.example/acme/account/" + account;
        String payload =
                Json.write(Map.of("account", kid, "oldKey", from.toPublicJWK().toJSONObject()));
        Map<String, Object> header =
                Map.of("alg", "ES256", "jwk", to.toPublicJWK().toJSONObject(), "url", url);
        byte[] inner = Jws.sign(to, header, payload.getBytes(StandardCharsets.UTF_8));
        return Jws.sign(by, Optional.of(kid), "bm9uY2U", url, new String(inner, StandardCharsets.US_ASCII));
    }

    private void changed(Holder of, byte[] request, ECKey to) throws IOException {
        store.change(session -> {
            session.keyChanges().add(of.account(), request);
            Account before = session.accounts().byId(of.account()).orElseThrow();
            session.accounts().key(before, Jws.thumbprint(to), to.toPublicJWK().toJSONString());
        });
    }

    @Test
    void aProofGoesOnWithTheKeysToWhichItsAccountChanged() throws Exception {
        Holder bob = proven(BOB);
        ECKey second = AcmeCaller.newKey(), third = AcmeCaller.newKey();
        byte[] csr = Csrs.of(BOB), next = Csrs.of(BOB);
        String before = order(bob, csr);
        request(before, request(bob.key(), before, csr));
        changed(bob, change(bob.key(), bob.key(), second, bob.account()), second);
        changed(bob, change(second, second, third, bob.account()), third);
        // Asked for before, and looked at afterwards.
        issued(before);
        String after = order(bob, next);
        request(after, request(third, after, next));
        issued(after);
    }

    @Test
    void aChangeThatBothKeysDidNotSignIsNone() throws Exception {
        ECKey evil = AcmeCaller.newKey();
        Holder other = proven("carol@example.net");
        for (int i = 0; i < 3; i++) {
            Holder bob = proven(BOB);
            changed(
                    bob,
                    switch (i) {
                        case 0 -> change(evil, bob.key(), evil, bob.account());
                        // Genuine, of another account.
                        case 1 -> change(bob.key(), bob.key(), evil, other.account());
                        default -> new byte[] {'{', '}'};
                    },
                    evil);
            byte[] csr = Csrs.of(BOB);
            String order = order(bob, csr);
            request(order, request(evil, order, csr));
            refused("The account's key is not the one", order);
            store.change(session -> session.accounts().end(bob.account(), Account.Status.REVOKED));
            evil = AcmeCaller.newKey();
        }
    }

    @Test
    void bobsProofIsForTheKeysThatBobAsksFor() throws Exception {
        Holder bob = proven(BOB), mallory = written(BOB);
        byte[] good = Csrs.of(BOB), evil = Csrs.of(BOB);
        // No request of bob's.
        String first = order(bob, evil);
        refused("Nobody who has proven this mailbox asked", first);
        bob = again(bob);
        // One of bob's for another order.
        String second = order(bob, good);
        request(second, request(bob.key(), Ids.random(), good));
        refused("The account asked for something else", second);
        bob = again(bob);
        // One of bob's for another key.
        String third = order(bob, evil);
        request(third, request(bob.key(), third, good));
        refused("The account asked for something else", third);
        bob = again(bob);
        // Another's signature.
        String fourth = order(bob, evil);
        request(fourth, request(mallory.key(), fourth, evil));
        refused("The account's key is not the one", fourth);
        // Another's account beside bob's proof.
        bob = again(bob);
        String fifth = order(new Holder(mallory.key(), mallory.account(), bob.authorization(), BOB), evil);
        request(fifth, request(mallory.key(), fifth, evil));
        refused("The account's key is not the one", fifth);
        // Another's key in bob's account.
        bob = again(bob);
        String sixth = order(bob, evil);
        request(sixth, request(mallory.key(), sixth, evil));
        try (var db = DriverManager.getConnection(database);
                var s = db.prepareStatement("update account set jwk = ? where id = ?")) {
            s.setString(1, mallory.key().toPublicJWK().toJSONString());
            s.setString(2, bob.account());
            s.execute();
        }
        refused("The account's key is not the one", sixth);
        assertEquals(0, entries());
    }

    /// The refusal has ended it, and the taken front writes that it is good.
    private Holder again(Holder of) throws Exception {
        try (var db = DriverManager.getConnection(database);
                var s = db.createStatement()) {
            s.execute("update authz set status = 'valid' where id = '" + of.authorization() + "'");
        }
        return of;
    }

    @Test
    void nothingIsSignedOrLoggedThatWasPromisedBySomebodyElse() throws Exception {
        Holder mallory = proven(MALLORY), bob = written(BOB);
        byte[] csr = Csrs.of(MALLORY);
        String own = order(mallory, csr);
        request(own, request(mallory.key(), own, csr));
        issued(own);
        Certificate genuine =
                store.in(session -> session.certificates().of(MALLORY, 1).getFirst());
        long before = entries();
        // What is to be signed, written by hand; then something that is signed already, to be logged as bob's.
        String promised = forged(bob, genuine, "abc1", ""), signed = forged(bob, genuine, "abc2", genuine.chain());
        // By an issuer of the same keys that the test can wait for.
        var keys = folder.resolve("issuer");
        var another = Issuer.open(
                new Issuer.Config(keys, Optional.empty(), false, ListPlace.NONE),
                store,
                Ready.log(keys, store),
                new SignedProofs(key.check(), 3),
                Clock.systemUTC());
        for (String each : List.of(promised, signed)) another.work(each);
        assertEquals(before, entries());
        for (String each : List.of("abc1", "abc2"))
            assertEquals(
                    -1L,
                    store.<Long>in(session ->
                            session.certificates().bySerial(each).orElseThrow().logIndex()));
        assertFalse(store.<Boolean>in(
                session -> session.certificates().bySerial("abc1").orElseThrow().isSigned()));
        for (String each : List.of(promised, signed))
            assertEquals(
                    Order.Status.INVALID,
                    store.in(
                            session -> session.orders().byId(each).orElseThrow().status()));
    }

    private String forged(Holder of, Certificate like, String serial, String chain) throws IOException {
        String order = order(Ids.random(), of, Csrs.of(of.address()), serial);
        store.change(session -> session.certificates()
                .add(new Certificate(
                        serial,
                        order,
                        of.account(),
                        "email",
                        of.address(),
                        like.device(),
                        like.issuer(),
                        like.toBeSigned(),
                        chain,
                        like.notBefore(),
                        like.notAfter(),
                        0,
                        0,
                        -1)));
        return order;
    }

    /// Its bell was lost, and more stand before it than one look works on.
    @Test
    void anOrderBehindManyThatCannotBeLedToTheirEndIsFound() throws Exception {
        Holder waits = written(MALLORY), bob = proven(BOB);
        // Of a clock that is ahead: tried again and again.
        put(key.sign(receipt(waits, now + 3600)));
        for (int i = 0; i < 120; i++) {
            order(waits, Csrs.of(MALLORY));
        }
        byte[] csr = Csrs.of(BOB);
        String order = order(bob, csr);
        request(order, request(bob.key(), order, csr));
        for (int i = 0; i < 600; i++) {
            if (store.in(session -> session.orders().byId(order).orElseThrow()).status() == Order.Status.VALID) return;
            Thread.sleep(100);
        }
        throw new AssertionError("it was not found");
    }

    @Test
    void aWithdrawalIsListedWhateverTheClocksSay() throws Exception {
        Holder bob = proven(BOB);
        byte[] csr = Csrs.of(BOB);
        String order = order(bob, csr);
        request(order, request(bob.key(), order, csr));
        issued(order);
        Certificate made = store.in(session -> session.certificates().of(BOB, 1).getFirst());
        long before = store.in(
                session -> session.crls().newest(made.issuer()).orElseThrow().number());
        // By a front whose clock is behind that of the issuer.
        store.change(session -> {
            session.certificates().revoke(made.serial(), now - 3000, 0);
            session.ring(Bell.WITHDRAWN, "");
        });
        for (int i = 0; i < 150; i++) {
            if (store.in(session ->
                            session.crls().newest(made.issuer()).orElseThrow().number())
                    > before) return;
            Thread.sleep(100);
        }
        throw new AssertionError("no list was made");
    }

    @Test
    void aRequestWithoutAnAccountCountsForItselfAlone() throws Exception {
        byte[] csr = Csrs.of(BOB), evil = Csrs.of(BOB);
        for (byte[] each : List.of(csr, evil)) {
            Holder nobody = written(BOB);
            String digest = java.util.HexFormat.of().formatHex(dev.starling.identity.DeviceId.sha256(csr));
            put(key.sign(new Receipt(
                    nobody.authorization(), BOB, "email-code-00", Receipt.ofRequest(digest), now, "", new byte[0])));
            String order = order(nobody, each);
            assertEquals(
                    java.util.Arrays.equals(each, csr) ? Order.Status.VALID : Order.Status.INVALID,
                    settled(order).status());
        }
    }

    @Test
    void aProofThatTheIssuerWillRefuseIsAskedForAnewAtOnce() throws Exception {
        var elsewhere = new IssuerElsewhere(store, Clock.systemUTC());
        Holder bob = proven(BOB), carol = written("carol@example.net");
        assertTrue(believes(elsewhere, bob));
        assertFalse(believes(elsewhere, carol));
        // The account has another key since.
        ECKey next = AcmeCaller.newKey();
        assertTrue(store.<Boolean>in(session -> session.accounts()
                .key(
                        session.accounts().byId(bob.account()).orElseThrow(),
                        Jws.thumbprint(next),
                        next.toPublicJWK().toJSONString())));
        assertFalse(believes(elsewhere, bob));
    }

    private boolean believes(IssuerElsewhere issuance, Holder of) throws IOException {
        return store.in(session -> issuance.believes(
                session, session.authorizations().byId(of.authorization()).orElseThrow()));
    }

    @Test
    void anIssuerWithoutTheLogsKeyDoesNotStart() throws Exception {
        var settings = new IssuingProcess.Settings(
                new Issuer.Config(folder.resolve("elsewhere"), Optional.empty(), false, ListPlace.NONE),
                database,
                "ca.example/log",
                key.check(),
                3,
                List.of(),
                Optional.empty());
        var e = assertThrows(IOException.class, () -> new IssuingProcess(settings, Clock.systemUTC()));
        assertTrue(String.valueOf(e.getMessage()).contains("log.key, is missing"), e::getMessage);
    }
}
