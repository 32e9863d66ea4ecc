package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.registration.Authorizations;
import dev.starling.ca.registration.Ids;
import dev.starling.ca.registration.Judge;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.registration.ReplyDesk;
import dev.starling.ca.registration.Silence;
import dev.starling.ca.store.AnswerTable;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Challenge;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.PostgreSql;
import dev.starling.ca.validation.MailCode;
import dev.starling.ca.validation.OpenReplies;
import dev.starling.ca.validation.ProofKey;
import dev.starling.identity.Address;
import dev.starling.mail.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Answers that a front has left for whoever judges them.
class JudgeElsewhereTest {
    private static final String BOB = "bob@example.net", THUMBPRINT = "t".repeat(43), TOKEN = "x".repeat(32);

    @TempDir
    Path folder;

    private String authorization = "", challenge = "";

    private void add(CaStore store, String address, long created) throws IOException {
        authorization = Ids.random();
        challenge = Ids.random();
        store.change(session -> {
            session.authorizations()
                    .add(new Authorization(
                            authorization,
                            "account",
                            "email",
                            address,
                            Authorization.Status.PENDING,
                            created,
                            created + 86_400,
                            0,
                            "",
                            Fault.NONE));
            session.authorizations()
                    .add(new Challenge(
                            challenge,
                            authorization,
                            "email-code-00",
                            TOKEN,
                            Challenge.Status.PROCESSING,
                            0,
                            0,
                            Fault.NONE));
        });
    }

    private void answer(CaStore store, ProofKey key, String address) throws IOException {
        String response = MailCode.response(key.code(authorization, address), TOKEN, THUMBPRINT);
        store.change(session -> session.answers().put(new AnswerTable.Answer(challenge, response, THUMBPRINT)));
    }

    private Challenge challenge(CaStore store) throws IOException {
        return store.in(session -> session.authorizations().challenge(challenge).orElseThrow());
    }

    @Test
    void anAnswerThatIsAheadOfTheClockIsAskedForAgain() throws Exception {
        var clock = new TestClock(Instant.parse("2026-11-30T12:00:00Z"));
        try (var store = CaStore.inFile(folder.resolve("ca.db"))) {
            var key = ProofKey.open(folder);
            var judge = new Judge(store, key, clock);
            add(store, BOB, clock.instant().plus(Duration.ofMinutes(15)).getEpochSecond());
            answer(store, key, BOB);
            judge.look(challenge);
            assertEquals(Challenge.Status.PENDING, challenge(store).status());
            assertTrue(challenge(store).error().detail().contains("Send the code again"));
            assertEquals(0, challenge(store).tries());
            clock.pass(Duration.ofMinutes(6));
            answer(store, key, BOB);
            judge.look("");
            assertEquals(Challenge.Status.VALID, challenge(store).status());
        }
    }

    @Test
    void whatIsNoMailboxIsNotProvenByItsCode() throws Exception {
        String two = "victim@example.org <mallory@evil.example>";
        try (var store = CaStore.inFile(folder.resolve("ca.db"))) {
            var key = ProofKey.open(folder);
            add(store, two, Clock.systemUTC().instant().getEpochSecond());
            answer(store, key, two);
            new Judge(store, key, Clock.systemUTC()).look("");
            assertTrue(store.in(session -> session.receipts().of(authorization)).isEmpty());
            assertEquals(
                    Authorization.Status.PENDING,
                    store.in(session -> session.authorizations()
                            .byId(authorization)
                            .orElseThrow()
                            .status()));
        }
    }

    /// As the front does, with the authorization in its hand.
    @Test
    void whoJudgesAndWhoAnswersAnewDoNotWaitForEachOther() throws Exception {
        String url = PostgreSql.database();
        try (var store = CaStore.postgresql(url);
                var front = DriverManager.getConnection(url);
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            var key = ProofKey.open(folder);
            add(store, BOB, Clock.systemUTC().instant().getEpochSecond());
            answer(store, key, BOB);
            front.setAutoCommit(false);
            try (var s = front.createStatement()) {
                s.execute("select id from authz where id = '" + authorization + "' for update");
                var judging = all.submit(() -> {
                    new Judge(store, key, Clock.systemUTC()).look(challenge);
                    return true;
                });
                PostgreSql.awaitWaiting(url, "authz");
                s.execute("insert into answer (challenge, response, thumbprint) values ('" + challenge
                        + "', 'r', 't') on conflict (challenge) do update set response = answer.response");
                front.commit();
                assertTrue(judging.get(30, TimeUnit.SECONDS));
            }
            assertEquals(Challenge.Status.VALID, challenge(store).status());
        }
    }

    @Test
    void anAnswerThatWasReadBeforeAnotherWasJudgedTakesBackNoTry() throws Exception {
        try (var store = CaStore.inFile(folder.resolve("ca.db"))) {
            add(store, BOB, Clock.systemUTC().instant().getEpochSecond());
            Challenge read = challenge(store);
            store.change(
                    session -> session.authorizations().challenge(challenge, Challenge.Status.PENDING, 3, Fault.NONE));
            var silence = new Silence(store, Clock.systemUTC());
            var front = new Authorizations(
                    store, Limits.LOCAL, silence, List.of(Authorizations.CODE), Optional.empty(), Clock.systemUTC());
            front.answer(read, THUMBPRINT, "A".repeat(43));
            assertEquals(Challenge.Status.PROCESSING, challenge(store).status());
            assertEquals(3, challenge(store).tries());
        }
    }

    @Test
    void whoIsReadyTakesBackNothingThatWasSaidSince() throws Exception {
        try (var store = CaStore.inFile(folder.resolve("ca.db"))) {
            add(store, BOB, Clock.systemUTC().instant().getEpochSecond());
            var reply = new Challenge(
                    Ids.random(),
                    authorization,
                    Authorizations.REPLY,
                    TOKEN,
                    Challenge.Status.PENDING,
                    0,
                    0,
                    Fault.NONE);
            store.change(session -> session.authorizations().add(reply));
            var why = new Fault("incorrectResponse", "The reply was not signed.");
            store.change(
                    session -> session.authorizations().challenge(reply.id(), Challenge.Status.PROCESSING, 2, why));
            var silence = new Silence(store, Clock.systemUTC());
            var front = new Authorizations(
                    store, Limits.LOCAL, silence, List.of(Authorizations.REPLY), Optional.empty(), Clock.systemUTC());
            front.ready(reply);
            var now = store.in(
                    session -> session.authorizations().challenge(reply.id()).orElseThrow());
            assertEquals(Challenge.Status.PROCESSING, now.status());
            assertEquals(2, now.tries());
            assertEquals(why, now.error());
        }
    }

    /// What is said of it while a refused reply waits for the row.
    @Test
    void aRefusedReplyChangesNothingOfWhatIsProvenMeanwhile() throws Exception {
        String url = PostgreSql.database();
        var clock = Clock.systemUTC();
        try (var store = CaStore.postgresql(url);
                var other = DriverManager.getConnection(url);
                var all = Executors.newVirtualThreadPerTaskExecutor()) {
            add(store, BOB, clock.instant().getEpochSecond());
            store.change(session -> {
                session.authorizations()
                        .add(new Challenge(
                                Ids.random(),
                                authorization,
                                Authorizations.REPLY,
                                TOKEN,
                                Challenge.Status.PROCESSING,
                                0,
                                0,
                                Fault.NONE));
            });
            var desk = new ReplyDesk(
                    store, new Judge(store, ProofKey.open(folder), clock), new Silence(store, clock), clock);
            var open = new OpenReplies.Open(
                    authorization, new Address(BOB), "code", TOKEN, THUMBPRINT, clock.instant(), false);
            other.setAutoCommit(false);
            try (var s = other.createStatement()) {
                s.execute("update authz set status = 'valid' where id = '" + authorization + "'");
                s.execute("update challenge set status = 'valid' where authz = '" + authorization + "'");
                var refusing = all.submit(() -> {
                    desk.refused(open, Reason.TOO_BIG);
                    return true;
                });
                PostgreSql.awaitWaiting(url, "where id");
                other.commit();
                assertTrue(refusing.get(30, TimeUnit.SECONDS));
            }
            for (var each : store.in(session -> session.authorizations().challenges(authorization)))
                assertEquals(Challenge.Status.VALID, each.status());
        }
    }
}
