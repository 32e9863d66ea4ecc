package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.ca.registration.Ids;
import dev.starling.ca.registration.Judge;
import dev.starling.ca.store.AnswerTable;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Challenge;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.PostgreSql;
import dev.starling.ca.validation.MailCode;
import dev.starling.ca.validation.Outbox;
import dev.starling.ca.validation.ProofKey;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two processes that prove mailboxes, with one key and one PostgreSQL: a bell wakes both, and one does the work.
class TwoValidationsTest {
    private static final String BOB = "bob@example.net", THUMBPRINT = "t".repeat(43), TOKEN = "x".repeat(32);
    private static final int OFTEN = 20;

    @TempDir
    Path folder;

    private CaStore first, second;
    private ProofKey key;

    @BeforeEach
    void start() throws IOException {
        String url = PostgreSql.database();
        first = CaStore.postgresql(url);
        second = CaStore.postgresql(url);
        key = ProofKey.open(folder);
    }

    @AfterEach
    void stop() throws IOException {
        first.close();
        second.close();
    }

    /// A challenge that waits for its answer, and a mail that waits; the id of both.
    private String waiting() throws IOException {
        String id = Ids.random();
        long now = Clock.systemUTC().instant().getEpochSecond();
        var authorization = new Authorization(
                id, "account", "email", BOB, Authorization.Status.PENDING, now, now + 86_400, 0, "", Fault.NONE);
        first.change(session -> {
            session.authorizations().add(authorization);
            session.authorizations()
                    .add(new Challenge(id, id, "email-code-00", TOKEN, Challenge.Status.PROCESSING, 0, 0, Fault.NONE));
            session.mails().add(authorization, "network", "");
        });
        return id;
    }

    private interface Job {
        void run(CaStore store) throws IOException;
    }

    private void both(Job job) throws Exception {
        var start = new CyclicBarrier(2);
        Callable<Boolean> here = () -> {
            start.await();
            job.run(first);
            return true;
        };
        Callable<Boolean> there = () -> {
            start.await();
            job.run(second);
            return true;
        };
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var each : all.invokeAll(List.of(here, there))) each.get();
        }
    }

    private Challenge judged(String id, String response) throws Exception {
        first.change(session -> session.answers().put(new AnswerTable.Answer(id, response, THUMBPRINT)));
        both(store -> new Judge(store, key, Clock.systemUTC()).look(id));
        return first.in(session -> session.authorizations().challenge(id).orElseThrow());
    }

    @Test
    void anAnswerIsJudgedOnce() throws Exception {
        for (int again = 0; again < OFTEN; again++) {
            String id = waiting();
            assertEquals(1, judged(id, "wrong").tries());
            String right = MailCode.response(key.code(id, BOB), TOKEN, THUMBPRINT);
            assertEquals(Challenge.Status.VALID, judged(id, right).status());
        }
        long proven = first.in(session -> session.audit().of(BOB, 10 * OFTEN)).stream()
                .filter(each -> each.toString().contains("proven"))
                .count();
        assertEquals(OFTEN, proven);
    }

    @Test
    void aMailGoesOutOnce() throws Exception {
        var letters = new Letters();
        for (int again = 0; again < OFTEN; again++) {
            String id = waiting();
            both(store -> {
                try (var outbox = new Outbox(store, letters, Outbox.plain(key), Clock.systemUTC())) {
                    outbox.woken(id);
                    outbox.again();
                }
            });
            assertEquals(again + 1, letters.attempts());
        }
        assertEquals(0, first.<Integer>in(session -> session.mails().waiting()));
    }
}
