package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.front.Origin;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.PostgreSql;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two processes of one CA on one PostgreSQL server, as behind a balancer: whichever a request comes to knows all.
class TwoProcessesTest {
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private TestCa first, second;

    @BeforeEach
    void start() throws Exception {
        String url = PostgreSql.database();
        first = new TestCa(CaStore.postgresql(url), folder, Limits.USUAL, 1_000_000, new Origin(false));
        second = new TestCa(CaStore.postgresql(url), folder, Limits.USUAL, 1_000_000, new Origin(false));
    }

    @AfterEach
    void stop() throws Exception {
        first.close();
        second.close();
    }

    /// The same account and key, asked at the other one.
    private static AcmeCaller at(TestCa ca, AcmeCaller caller) {
        return new AcmeCaller(ca.base, caller.key, ca.base + caller.kid.substring(caller.base.length()));
    }

    @Test
    void anOrderIsMadeAtOneAndProvenAndFinishedAtTheOther() throws Exception {
        try (var here = first.caller().registered();
                var there = at(second, here)) {
            var order = here.order(BOB);
            String path = order.header("location").substring(first.base.length());
            var seen = there.post(second.base + path, "");
            assertEquals("pending", seen.text("status"), seen::toString);
            String code = first.letters.last().code();
            assertEquals("valid", there.answer(there.challenge(seen), code).text("status"));
            assertEquals("valid", there.finish(seen, Csrs.of(BOB)).text("status"));
            assertEquals("valid", here.post(order.header("location"), "").text("status"));
        }
    }

    @Test
    void aNonceOfOneCountsAtTheOtherAndOnlyOnce() throws Exception {
        try (var here = first.caller().registered();
                var there = at(second, here)) {
            var header = there.header(there.kid);
            header.put("nonce", here.nonce());
            assertEquals(200, there.signed(there.kid, header, "").status());
            var again = here.header(here.kid);
            again.put("nonce", String.valueOf(header.get("nonce")));
            assertEquals("badNonce", here.signed(here.kid, again, "").problem());
            assertEquals("badNonce", there.signed(there.kid, header, "").problem());
        }
    }

    @Test
    void ofManyRequestsAtBothOneCertificateAndThreeMailsCome() throws Exception {
        try (var here = first.caller().registered();
                var there = at(second, here);
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            var order = here.order(BOB);
            here.answer(here.challenge(order), first.letters.last().code());
            String path = order.header("location").substring(first.base.length());
            var same = there.post(second.base + path, "");
            var finishing = new ArrayList<Callable<Integer>>();
            for (int i = 0; i < 4; i++) {
                finishing.add(() -> here.finish(order, Csrs.of(BOB)).status());
                finishing.add(() -> there.finish(same, Csrs.of(BOB)).status());
            }
            int issued = 0;
            for (var each : all.invokeAll(finishing)) if (each.get() == 200) issued++;
            assertEquals(1, issued);
            assertEquals(
                    1, first.<Integer>stored(session -> session.certificates().count()));
            var asking = new ArrayList<Callable<Integer>>();
            for (int i = 0; i < 5; i++) {
                asking.add(() -> here.order("carol@example.net").status());
                asking.add(() -> there.order("carol@example.net").status());
            }
            int made = 0;
            for (var each : all.invokeAll(asking)) if (each.get() == 201) made++;
            assertEquals(3, made);
            int letters = first.letters.all.size() + second.letters.all.size() - 1;
            assertTrue(letters >= 1 && letters <= 3, letters + " mails");
        }
    }

    @Test
    void whatBothIssueStandsInOneLogOfWhichEachProvesAll() throws Exception {
        try (var here = first.caller().registered();
                var there = at(second, here);
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            var issuing = new ArrayList<Callable<Boolean>>();
            for (int i = 0; i < 12; i++) {
                String address = "user" + i + "@example.net";
                var ca = i % 2 == 0 ? first : second;
                issuing.add(() -> {
                    String order = Ready.order(
                            ca.store,
                            address,
                            "email-code-00",
                            ca.clock.instant().getEpochSecond());
                    ca.issuer.issue(order, Csrs.of(address));
                    return true;
                });
            }
            for (var each : all.invokeAll(issuing)) assertTrue(each.get());
            assertEquals(first.log.key(), second.log.key());
            for (int i = 0; i < 12; i++)
                assertEquals(first.log.proof(i).entry(), second.log.proof(i).entry());
            assertEquals(
                    12L,
                    first.<Long>stored(
                            session -> session.log().head().orElseThrow().size()));
            assertEquals(200, there.post(there.kid, "").status());
        }
    }

    @Test
    void aMailThatWaitsIsHandedOverByOneOfThem() throws Exception {
        first.letters.trouble(() -> {
            throw new java.io.IOException("The mail server cannot be reached.");
        });
        try (var here = first.caller().registered()) {
            here.order(BOB);
        }
        first.letters.trouble(() -> {});
        first.clock.pass(java.time.Duration.ofMinutes(1));
        second.clock.pass(java.time.Duration.ofMinutes(1));
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            var looking = new ArrayList<Callable<Boolean>>();
            for (var each : new TestCa[] {first, second, first, second})
                looking.add(() -> {
                    each.outbox.again();
                    return true;
                });
            for (var each : all.invokeAll(looking)) assertTrue(each.get());
        }
        assertEquals(1, first.letters.all.size() + second.letters.all.size());
    }

    @Test
    void oneWithAnotherKeyOfCodesStopsAndAFrontWaitsForItsIssuer() throws Exception {
        var here = Optional.of(PostgreSql.database());
        var roles = new CertificateAuthority.Roles(false, false);
        var front = new CertificateAuthority.Settings(
                Optional.empty(),
                here,
                "",
                java.util.Map.of(),
                java.util.List.of(),
                dev.starling.ca.issuance.ListPlace.NONE,
                roles);
        Path one = folder.resolve("one"), two = folder.resolve("two"), none = folder.resolve("none");
        var clock = java.time.Clock.systemUTC();
        var early = assertThrows(IOException.class, () -> new CertificateAuthority(none, front, clock));
        assertTrue(String.valueOf(early.getMessage()).contains("No issuer has used"), early::getMessage);
        var all = new CertificateAuthority.Settings(Optional.empty(), here, "");
        try (var ca = new CertificateAuthority(one, all, clock)) {
            Files.createDirectory(two);
            try (var files = Files.list(one)) {
                for (Path each : files.toList())
                    if (!each.endsWith("proof.key")) Files.copy(each, two.resolve(each.getFileName()));
            }
            var e = assertThrows(IOException.class, () -> new CertificateAuthority(two, all, clock));
            assertTrue(String.valueOf(e.getMessage()).contains("Copy its proof.key"), e::getMessage);
            Files.copy(one.resolve("proof.key"), two.resolve("proof.key"), StandardCopyOption.REPLACE_EXISTING);
            new CertificateAuthority(two, all, clock).close();
            new CertificateAuthority(none, front, clock).close();
            assertTrue(ca.proofCheck().isPresent());
        }
    }

    @Test
    void aThirdOneWithoutTheirKeysMakesNoOthers() throws Exception {
        String url = PostgreSql.database();
        Path here = java.nio.file.Files.createDirectory(folder.resolve("here")),
                there = java.nio.file.Files.createDirectory(folder.resolve("there"));
        var clock = first.clock;
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            var starting = new ArrayList<Callable<Boolean>>();
            // Both at once, each with an empty folder, before anything was issued.
            for (Path each : new Path[] {here, there})
                starting.add(() -> {
                    try (var store = CaStore.postgresql(url)) {
                        var log = Ready.log(each, store);
                        var _ = dev.starling.ca.issuance.Issuer.open(each, false, store, log, clock);
                        return true;
                    } catch (java.io.IOException e) {
                        return !String.valueOf(e.getMessage()).contains("nobody would believe another");
                    }
                });
            int started = 0;
            for (var each : all.invokeAll(starting)) if (each.get()) started++;
            assertEquals(1, started);
        }
    }
}
