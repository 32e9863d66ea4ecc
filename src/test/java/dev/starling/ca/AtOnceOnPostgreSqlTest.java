package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.ca.front.Origin;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.registration.RenewalId;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.PostgreSql;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import java.nio.file.Path;
import java.security.KeyPair;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Requests that come at once, where transactions run beside each other: with SQLite one has the whole database.
class AtOnceOnPostgreSqlTest {
    private static final String BOB = "bob@example.net";
    private static final int MANY = 12;

    @TempDir
    Path folder;

    private TestCa ca(Limits limits) throws Exception {
        return new TestCa(CaStore.postgresql(PostgreSql.database()), folder, limits, 1_000_000, new Origin(false));
    }

    private static List<AcmeCaller.Reply> atOnce(List<Callable<AcmeCaller.Reply>> all) throws Exception {
        var answers = new ArrayList<AcmeCaller.Reply>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var each : threads.invokeAll(all)) answers.add(each.get());
        }
        return answers;
    }

    private static int count(List<AcmeCaller.Reply> all, int status) {
        int count = 0;
        for (var each : all) {
            if (each.status() == status) count++;
            else assertEquals(429, each.status(), each::toString);
        }
        return count;
    }

    private static AcmeCaller.Reply proven(TestCa ca, AcmeCaller caller, String address) throws Exception {
        var order = caller.order(address);
        assertEquals(
                "valid",
                caller.answer(caller.challenge(order), ca.letters.last().code()).text("status"));
        return order;
    }

    @Test
    void noMoreMailsThanTheLimit() throws Exception {
        try (var ca = ca(Limits.LOCAL.with("address", 3));
                var caller = ca.caller().registered()) {
            assertEquals(3, count(atOnce(Collections.nCopies(MANY, () -> caller.order(BOB))), 201));
            assertTrue(ca.letters.all.size() <= 3, ca.letters.all::toString);
        }
    }

    @Test
    void noMoreOpenOrdersThanTheLimit() throws Exception {
        try (var ca = ca(Limits.LOCAL.with("orders", 4));
                var caller = ca.caller().registered()) {
            proven(ca, caller, BOB);
            // That proof needs no mail for more.
            assertEquals(3, count(atOnce(Collections.nCopies(MANY, () -> caller.order(BOB))), 201));
        }
    }

    @Test
    void noMoreCertificatesThanTheLimit() throws Exception {
        try (var ca = ca(Limits.LOCAL.with("certificates", 3));
                var caller = ca.caller().registered()) {
            var finishing = new ArrayList<Callable<AcmeCaller.Reply>>();
            for (int i = 0; i < MANY; i++) {
                var order = i == 0 ? proven(ca, caller, BOB) : caller.order(BOB);
                finishing.add(() -> caller.finish(order, Csrs.of(BOB)));
            }
            assertEquals(3, count(atOnce(finishing), 200));
            assertEquals(3, ca.<Integer>stored(session -> session.certificates().count()));
        }
    }

    @Test
    void aKeyComesToOneAddress() throws Exception {
        try (var ca = ca(Limits.LOCAL);
                var caller = ca.caller().registered()) {
            KeyPair key = Keys.generate();
            var finishing = new ArrayList<Callable<AcmeCaller.Reply>>();
            for (int i = 0; i < MANY; i++) {
                String address = "user" + i + "@example.net";
                var order = proven(ca, caller, address);
                finishing.add(() -> caller.finish(order, Csrs.of(address, key)));
            }
            int made = 0;
            for (var each : atOnce(finishing)) {
                if (each.status() == 200) made++;
                else assertEquals("400 badCSR", each.status() + " " + each.problem());
            }
            assertEquals(1, made);
        }
    }

    /// RFC 8555, section 7.4.1: the second request gets what the first one made.
    @Test
    void anAccountThatAsksForAProofGetsOneMail() throws Exception {
        try (var ca = ca(Limits.LOCAL);
                var caller = ca.caller().registered()) {
            String identifier = Json.write(Map.of("identifier", Map.of("type", "email", "value", BOB)));
            var places = new HashSet<String>();
            for (var each :
                    atOnce(Collections.nCopies(MANY, () -> caller.post(ca.base + "/acme/new-authz", identifier)))) {
                assertTrue(each.status() == 200 || each.status() == 201, each::toString);
                assertEquals("pending", each.text("status"));
                places.add(each.header("location"));
            }
            assertEquals(1, places.size(), places::toString);
            assertEquals(1, ca.letters.all.size());
        }
    }

    /// RFC 9773, section 5.
    @Test
    void aCertificateIsReplacedOnce() throws Exception {
        try (var ca = ca(Limits.LOCAL);
                var caller = ca.caller().registered()) {
            var order = proven(ca, caller, BOB);
            caller.finish(order, Csrs.of(BOB));
            String serial = ca.order(order.header("location")).serial();
            String old = ca.<String>stored(session -> RenewalId.of(
                            session.certificates().bySerial(serial).orElseThrow())
                    .text());
            String replacing =
                    Json.write(Map.of("identifiers", List.of(Map.of("type", "email", "value", BOB)), "replaces", old));
            int made = 0;
            for (var each :
                    atOnce(Collections.nCopies(MANY, () -> caller.post(ca.base + "/acme/new-order", replacing)))) {
                if (each.status() == 201) made++;
                else assertEquals("409 alreadyReplaced", each.status() + " " + each.problem());
            }
            assertEquals(1, made);
        }
    }

    @Test
    void eachWrongCodeCostsATry() throws Exception {
        try (var ca = ca(Limits.LOCAL);
                var caller = ca.caller().registered()) {
            var order = caller.order(BOB);
            var wrong = Collections.nCopies(
                    MANY, (Callable<AcmeCaller.Reply>) () -> caller.answer(caller.challenge(order), "A".repeat(32)));
            int refused = 0;
            for (var each : atOnce(wrong)) if (each.problem().equals("incorrectResponse")) refused++;
            assertEquals(5, refused);
            assertEquals("invalid", caller.post(order.header("location"), "").text("status"));
        }
    }

    @Test
    void anOrderThatComesWhileTheCodeIsJudgedTakesTheProof() throws Exception {
        String url = PostgreSql.database();
        try (var ca = new TestCa(CaStore.postgresql(url), folder, Limits.LOCAL, 1_000_000, new Origin(false));
                var caller = ca.caller().registered();
                var judge = DriverManager.getConnection(url);
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            String id = caller.order(BOB).first("authorizations").replaceFirst(".*/", "");
            judge.setAutoCommit(false);
            try (var s = judge.createStatement()) {
                s.execute("update authz set status = 'valid', validated = created where id = '" + id + "'");
                var ordering = all.submit(() -> caller.order(BOB));
                PostgreSql.awaitWaiting(url, "where id");
                judge.commit();
                assertEquals("ready", ordering.get().text("status"));
            }
            assertEquals(1, ca.letters.all.size());
            assertEquals(
                    Authorization.Status.VALID,
                    ca.stored(session -> session.authorizations().byId(id))
                            .orElseThrow()
                            .status());
        }
    }

    @Test
    void anAccountThatIsBeingForgottenGetsNoOrder() throws Exception {
        String url = PostgreSql.database();
        try (var ca = new TestCa(CaStore.postgresql(url), folder, Limits.LOCAL, 1_000_000, new Origin(false));
                var caller = ca.caller().registered();
                var sweep = DriverManager.getConnection(url);
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            sweep.setAutoCommit(false);
            try (var s = sweep.createStatement()) {
                s.execute("select pg_advisory_xact_lock(7355608)");
                s.execute("delete from account");
                var ordering = all.submit(() -> caller.order(BOB));
                PostgreSql.awaitQueue(url);
                sweep.commit();
                assertEquals("accountDoesNotExist", ordering.get().problem());
            }
            assertEquals(List.of(), ca.letters.all);
        }
    }

    /// RFC 8555, section 11.1.
    @Test
    void aKeyThatIsBeingCertifiedIsNoAccounts() throws Exception {
        String url = PostgreSql.database();
        ECKey device = AcmeCaller.newKey();
        try (var ca = new TestCa(CaStore.postgresql(url), folder, Limits.LOCAL, 1_000_000, new Origin(false));
                var caller = new AcmeCaller(ca.base, device, "");
                var issuer = DriverManager.getConnection(url);
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            issuer.setAutoCommit(false);
            try (var s = issuer.createStatement()) {
                s.execute("select pg_advisory_xact_lock(7355608)");
                s.execute(promised(device));
                var making = all.submit(() -> caller.post(ca.base + "/acme/new-account", "{}"));
                PostgreSql.awaitQueue(url);
                issuer.commit();
                assertEquals("badPublicKey", making.get().problem());
            }
        }
    }

    /// RFC 8555, sections 7.3.5 and 11.1.
    @Test
    void aKeyThatIsBeingCertifiedIsNotTheNextOneOfAnAccount() throws Exception {
        String url = PostgreSql.database();
        ECKey device = AcmeCaller.newKey(), free = AcmeCaller.newKey();
        try (var ca = new TestCa(CaStore.postgresql(url), folder, Limits.LOCAL, 1_000_000, new Origin(false));
                var caller = ca.caller().registered();
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            for (ECKey next : List.of(device, free)) {
                try (var issuer = DriverManager.getConnection(url);
                        var s = issuer.createStatement()) {
                    issuer.setAutoCommit(false);
                    s.execute("select pg_advisory_xact_lock(7355608)");
                    if (next.equals(device)) s.execute(promised(device));
                    var changing = all.submit(() -> caller.keyChange(next));
                    PostgreSql.awaitQueue(url);
                    issuer.commit();
                    assertEquals(
                            next.equals(device) ? "badPublicKey" : "",
                            changing.get().problem());
                }
            }
        }
    }

    private static String promised(ECKey device) throws JOSEException {
        return "insert into certificate (serial, cert_order, account, type, value, device, issuer, to_be_signed, chain,"
                + " not_before, not_after, revoked, reason, log_index) values ('1', 'o', 'a', 'email',"
                + " 'bob@example.net', '"
                + DeviceId.ofKey(device.toECPublicKey().getEncoded()).hex()
                + "', 'i', '', '', 0, 0, 0, 0, -1)";
    }
}
