package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Mutations;
import dev.starling.acme.Problem;
import dev.starling.ca.Csrs;
import dev.starling.ca.TestClock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whatever the store holds in place of a finalization: it is taken, or refused as no proof.
class SignedProofsFuzzTest {
    private static final int CASES = 2000;
    private static final long SEED = 8555;
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private final TestClock clock = new TestClock(Instant.parse("2026-11-30T12:00:00Z"));

    private static boolean isRefused(Unbelieving ca, String order, byte[] csr) throws Exception {
        try {
            boolean _ = ca.store.whole(session -> {
                var asked = session.orders().byId(order).orElseThrow();
                var proof = session.authorizations().byId(order).orElseThrow();
                var proven = new SignedProofs(ca.proofs.check(), 9).proven(session, asked, proof, csr, ca.now());
                assertEquals("email-code-00", proven.way());
                return true;
            });
            return false;
        } catch (Problem e) {
            assertEquals("unauthorized", e.type(), e::detail);
            return true;
        }
    }

    @Test
    void aDamagedFinalizationIsNoProof() throws Exception {
        byte[] csr = Csrs.of(BOB);
        int refused = 0;
        try (var ca = new Unbelieving(folder, clock)) {
            String order = ca.order(BOB, csr);
            byte[] whole =
                    ca.store.in(session -> session.receipts().request(order).orElseThrow());
            var damaged = new Mutations(SEED, List.of(whole));
            for (int i = 0; i < CASES; i++) {
                byte[] next = damaged.next();
                ca.store.change(session -> session.receipts().request(order, next));
                if (isRefused(ca, order, csr)) refused++;
            }
        }
        assertTrue(refused > CASES / 2, String.valueOf(refused));
    }

    @Test
    void norIsOneThatIsSignedAndSaysSomethingElse() throws Exception {
        byte[] csr = Csrs.of(BOB);
        String text = Base64.getUrlEncoder().withoutPadding().encodeToString(csr);
        var damaged =
                new Mutations(SEED, List.of(("{\"csr\":\"" + text + "\"}").getBytes(StandardCharsets.ISO_8859_1)));
        int refused = 0;
        try (var ca = new Unbelieving(folder, clock)) {
            String order = ca.order(BOB, csr);
            for (int i = 0; i < CASES; i++) {
                ca.requested(order, new String(damaged.next(), StandardCharsets.ISO_8859_1));
                if (isRefused(ca, order, csr)) refused++;
            }
        }
        assertTrue(refused > CASES / 2, String.valueOf(refused));
    }
}
