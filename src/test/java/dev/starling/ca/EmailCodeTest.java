package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.store.Authorization;
import dev.starling.ca.validation.ChallengeMail;
import dev.starling.ca.validation.MailCode;
import dev.starling.ca.validation.ProofKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The challenge `email-code-00` as an attacker would try it.
class EmailCodeTest {
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private TestCa ca;
    private AcmeCaller bob;

    @BeforeEach
    void start() throws IOException {
        ca = new TestCa(folder);
        bob = ca.caller().registered();
    }

    @AfterEach
    void stop() throws IOException {
        bob.close();
        ca.close();
    }

    @Test
    void aCodeHas192RandomBits() {
        var random = new SecureRandom();
        var seen = new HashSet<String>();
        int[] ones = new int[192];
        for (int i = 0; i < 2000; i++) {
            String code = MailCode.make(random);
            assertTrue(code.matches("[A-Za-z0-9_-]{32}") && seen.add(code));
            byte[] bytes = Base64.getUrlDecoder().decode(code);
            for (int bit = 0; bit < 192; bit++) ones[bit] += bytes[bit / 8] >> (bit % 8) & 1;
        }
        // 1000 expected, standard deviation 22: every bit is in use.
        for (int each : ones) assertTrue(each > 800 && each < 1200, () -> "a bit that is set " + each + " times");
    }

    @Test
    void fiveWrongCodesEndTheOrderAndThenTheRightOneComesTooLate() throws Exception {
        var order = bob.order(BOB);
        var challenge = bob.challenge(order);
        for (int i = 1; i <= 5; i++) {
            var wrong = bob.answer(challenge, "A".repeat(32));
            assertEquals(403, wrong.status());
            assertEquals("incorrectResponse", wrong.problem());
            assertEquals(
                    i < 5 ? "This is not the code from the mail." : "Too many wrong codes. Ask for a new one.",
                    wrong.text("detail"));
        }
        var late = bob.answer(challenge, ca.letters.last().code());
        assertEquals("invalid", late.text("status"));
        var over = bob.post(order.header("location"), "");
        assertEquals("invalid", over.text("status"));
        assertTrue(String.valueOf(over.json().get("error")).contains("Too many wrong codes."));
    }

    @Test
    void wrongCodesThatRaceCostATryEach() throws Exception {
        var order = bob.order(BOB);
        var challenge = bob.challenge(order);
        int refused = 0;
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            var guesses = new ArrayList<Callable<Integer>>();
            for (int i = 0; i < 20; i++) {
                String guess = String.valueOf((char) ('A' + i)).repeat(32);
                guesses.add(() -> bob.answer(challenge, guess).status());
            }
            for (var each : all.invokeAll(guesses)) if (each.get() == 403) refused++;
        }
        assertEquals(5, refused);
        assertEquals("invalid", bob.answer(challenge, ca.letters.last().code()).text("status"));
    }

    @Test
    void aWrongCodeAfterTheRightOneChangesNothing() throws Exception {
        var order = bob.order(BOB);
        var challenge = bob.challenge(order);
        String code = ca.letters.last().code();
        assertEquals("valid", bob.answer(challenge, code).text("status"));
        for (int i = 0; i < 6; i++)
            assertEquals("valid", bob.answer(challenge, "A".repeat(32)).text("status"));
        assertEquals("valid", bob.finish(order, Csrs.of(BOB)).text("status"));
    }

    @Test
    void theCodeIsWorthNothingForAnotherAccount() throws Exception {
        bob.order(BOB);
        String code = ca.letters.last().code();
        try (var mallory = ca.caller().registered()) {
            var order = mallory.order(BOB);
            String hers = ca.letters.last().code();
            assertNotEquals(code, hers);
            assertEquals(403, mallory.answer(mallory.challenge(order), code).status());
        }
    }

    @Test
    void theCodeIsWorthNothingForAnotherAddressOrOrderOfTheSameAccount() throws Exception {
        var first = bob.order(BOB);
        String code = ca.letters.last().code();
        var other = bob.order("carol@example.net");
        assertEquals(403, bob.answer(bob.challenge(other), code).status());
        assertEquals("valid", bob.answer(bob.challenge(first), code).text("status"));
    }

    @Test
    void aResponseOfAnotherAccountIsWorthNothing() throws Exception {
        var order = bob.order(BOB);
        var challenge = bob.challenge(order);
        try (var mallory = ca.caller().registered()) {
            var stolen = new AcmeCaller(ca.base);
            stolen.kid = mallory.kid;
            assertEquals(400, stolen.answer(challenge, ca.letters.last().code()).status());
            assertEquals(
                    403, mallory.answer(challenge, ca.letters.last().code()).status());
            stolen.close();
        }
        assertEquals("pending", bob.post(order.header("location"), "").text("status"));
    }

    @Test
    void anAccountHasOneOpenOrderAnAddressAndItIsTheNewest() throws Exception {
        var first = bob.order(BOB);
        String code = ca.letters.last().code();
        var challenge = bob.challenge(first);
        var second = bob.order(BOB);
        assertEquals("invalid", bob.answer(challenge, code).text("status"));
        assertEquals(
                "valid",
                bob.answer(bob.challenge(second), ca.letters.last().code()).text("status"));
    }

    @Test
    void aStrangersOrderDoesNotEndTheOwnersOne() throws Exception {
        var order = bob.order(BOB);
        String code = ca.letters.last().code();
        try (var mallory = ca.caller().registered()) {
            mallory.order(BOB);
        }
        assertEquals("valid", bob.answer(bob.challenge(order), code).text("status"));
    }

    @Test
    void twoOrdersOfOneAccountAtOnceLeaveOneOpen() throws Exception {
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<AcmeCaller.Reply> ordering = () -> bob.order(BOB);
            int open = 0;
            for (var each : all.invokeAll(List.of(ordering, ordering, ordering, ordering)))
                if (bob.post(each.get().header("location"), "").text("status").equals("pending")) open++;
            assertEquals(1, open);
        }
    }

    @Test
    void aCodeIsGoodForADay() throws Exception {
        var order = bob.order(BOB);
        var challenge = bob.challenge(order);
        ca.clock.pass(Duration.ofHours(24));
        assertEquals("valid", bob.answer(challenge, ca.letters.last().code()).text("status"));
    }

    @Test
    void theCodeStandsInTheMailAndNowhereElse() throws Exception {
        var lines = new ArrayList<String>();
        var log = Logger.getLogger("");
        var handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                lines.add(entry.getMessage() + java.util.Arrays.toString(entry.getParameters()));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        log.addHandler(handler);
        try {
            var answers = new ArrayList<AcmeCaller.Reply>();
            var order = bob.order(BOB);
            String code = ca.letters.last().code();
            answers.add(order);
            var challenge = bob.challenge(order);
            answers.add(bob.answer(challenge, "A".repeat(32)));
            answers.add(bob.post(order.first("authorizations"), ""));
            ca.letters.trouble(() -> {
                throw new IOException("The mail server cannot be reached.");
            });
            answers.add(bob.order("carol@example.net"));
            answers.add(bob.answer(challenge, code));
            answers.add(bob.post(order.header("location"), ""));
            answers.add(bob.finish(order, Csrs.of(BOB)));
            for (var each : answers) {
                assertFalse(each.toString().contains(code));
                assertFalse(each.http().headers().map().toString().contains(code));
                assertFalse(each.http().uri().toString().contains(code));
            }
            assertTrue(lines.stream().anyMatch(line -> line.contains("cannot be reached")), lines::toString);
            assertFalse(String.join("\n", lines).contains(code));
            assertFalse(new String(
                            java.nio.file.Files.readAllBytes(folder.resolve("ca.db")),
                            java.nio.charset.StandardCharsets.ISO_8859_1)
                    .contains(code));
            assertFalse(new String(
                            java.nio.file.Files.readAllBytes(folder.resolve("ca.db-wal")),
                            java.nio.charset.StandardCharsets.ISO_8859_1)
                    .contains(code));
            assertFalse(ca.<Authorization>stored(session -> session.authorizations()
                            .byStart(ProofKey.start(code))
                            .orElseThrow())
                    .toString()
                    .contains(code));
        } finally {
            log.removeHandler(handler);
        }
    }

    @Test
    void theMailHasNoLinkAndTheCodeAloneOnItsLine() throws Exception {
        bob.order(BOB);
        for (String language : List.of("en", "de-DE,de;q=0.9", "")) {
            String text = ChallengeMail.text(BOB, "CODE", language);
            assertFalse(text.contains("://") || text.contains("www.") || text.contains("<"), text);
            assertTrue(text.lines().anyMatch(line -> line.strip().equals("CODE")));
            assertTrue(text.contains(BOB));
        }
        assertEquals(BOB, ca.letters.last().to());
        assertTrue(ca.letters.last().subject().matches("ACME: [A-Za-z0-9_-]{32}"));
    }

    @Test
    void noAddressThatCouldReachAHeaderIsEverMailed() throws Exception {
        for (String hostile : List.of(
                "bob@example.net\r\nBcc: all@example.net",
                "bob@example.net\nX: y",
                "bob@example.net,carol@example.net",
                "Bob <bob@example.net>",
                "\"bob\r\n\"@example.net",
                "bob@example.net>",
                "bob@exa\u0000mple.net",
                "bob@example.net\u2028",
                "bob @example.net",
                "-oQ@example.net"))
            assertEquals("rejectedIdentifier", bob.order(hostile).problem());
        assertEquals(0, ca.letters.attempts());
        assertEquals(201, bob.order("o'hara|x`y{z}!#$&=?^~@example.net").status());
        assertEquals("o'hara|x`y{z}!#$&=?^~@example.net", ca.letters.last().to());
    }

    @Test
    void whatIsStoredBelongsToItsOwnerAlone() throws Exception {
        bob.order(BOB);
        try (var files = Files.list(folder)) {
            for (Path file : files.toList())
                assertEquals(
                        "[OWNER_READ, OWNER_WRITE]",
                        new java.util.TreeSet<>(Files.getPosixFilePermissions(file)).toString(),
                        file::toString);
        }
    }
}
