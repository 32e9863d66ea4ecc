package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.jwk.ECKey;
import dev.starling.Mutations;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.AcmeCaller;
import dev.starling.ca.store.Account;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Receipt;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// To which keys a proof was handed over (RFC 8555, section 7.3.5).
class HeldKeysTest {
    private static final String URL = "https://ca.example/acme/key-change";

    @TempDir
    Path folder;

    private CaStore store;
    private final ECKey a = AcmeCaller.newKey(), b = AcmeCaller.newKey(), c = AcmeCaller.newKey();

    @BeforeEach
    void start() throws IOException {
        store = CaStore.inFile(folder.resolve("ca.db"));
    }

    @AfterEach
    void stop() throws IOException {
        store.close();
    }

    private static Account account(String jwk) {
        return new Account("x", "t", jwk, Account.Status.VALID, List.of(), 0);
    }

    private static Account account(ECKey key) {
        return account(key.toPublicJWK().toJSONString());
    }

    private static String holder(ECKey key) {
        return Receipt.ofAccount(Jws.thumbprint(key));
    }

    private boolean isCurrent(ECKey now, ECKey holder) throws Exception {
        return store.whole(session -> HeldKeys.isCurrent(session, account(now), holder(holder)));
    }

    private List<String> held(ECKey now, ECKey holder) throws Exception {
        return store.whole(session -> HeldKeys.of(session, account(now), holder(holder))).stream()
                .map(Jws::thumbprint)
                .distinct()
                .sorted()
                .toList();
    }

    private static List<String> thumbprints(ECKey... keys) {
        return List.of(keys).stream().map(Jws::thumbprint).sorted().toList();
    }

    /// @param by signs for the old key
    private static byte[] change(ECKey from, ECKey to, ECKey by, String account) {
        var header = new HashMap<String, Object>(
                Map.of("alg", "ES256", "jwk", to.toPublicJWK().toJSONObject(), "url", URL));
        byte[] inner = Jws.sign(
                to,
                header,
                Json.write(Map.of(
                                "account",
                                "https://ca.example/acme/account/" + account,
                                "oldKey",
                                from.toPublicJWK().toJSONObject()))
                        .getBytes(StandardCharsets.UTF_8));
        return Jws.sign(
                by,
                Optional.of("https://ca.example/acme/account/" + account),
                "bm9uY2U",
                URL,
                new String(inner, StandardCharsets.US_ASCII));
    }

    private void add(byte[] change) throws IOException {
        store.change(session -> session.keyChanges().add("x", change));
    }

    private void changed(ECKey from, ECKey to) throws IOException {
        add(change(from, to, from, "x"));
    }

    @Test
    void theKeyThatProvedTheMailboxIsCurrentUntilItChanges() throws Exception {
        assertTrue(isCurrent(a, a));
        assertEquals(thumbprints(a), held(a, a));
        assertFalse(isCurrent(b, a), "nobody signed that it changed");
        assertEquals(List.of(), held(b, a));
    }

    @Test
    void aProofGoesOnToTheKeysThatFollowedAndToNoneBefore() throws Exception {
        changed(a, b);
        changed(b, c);
        for (ECKey holder : List.of(a, b, c)) assertTrue(isCurrent(c, holder));
        assertEquals(thumbprints(a, b, c), held(c, a));
        assertEquals(thumbprints(b, c), held(c, b));
        assertEquals(thumbprints(c), held(c, c));
        // The account has a key to which no change leads.
        ECKey other = AcmeCaller.newKey();
        assertFalse(isCurrent(other, a));
        assertEquals(thumbprints(a, b, c), held(other, a), "what they signed before stays theirs");
    }

    @Test
    void aKeyThatCameBackIsCurrentAgain() throws Exception {
        changed(a, b);
        changed(b, a);
        assertTrue(isCurrent(a, a));
        assertTrue(isCurrent(a, b));
        changed(a, c);
        assertTrue(isCurrent(c, a));
        assertTrue(isCurrent(c, b));
        assertFalse(isCurrent(b, c), "the proof of the newest key is none of an older one");
    }

    @Test
    void aChangeThatTheOldKeyDidNotSignLeadsNowhere() throws Exception {
        add(change(a, b, b, "x"));
        assertFalse(isCurrent(b, a));
        add(change(a, b, a, "y"));
        assertFalse(isCurrent(b, a), "of another account");
        add(new byte[] {1, 2, 3});
        add(new byte[0]);
        assertFalse(isCurrent(b, a));
        assertEquals(List.of(), held(b, a));
        changed(a, b);
        assertTrue(isCurrent(b, a), "what others wrote there does not end it");
    }

    @Test
    void ofManyChangesTheProofsByForgottenKeysAreAskedForAnew() throws Exception {
        var keys = new ArrayList<ECKey>();
        for (int i = 0; i <= 25; i++) keys.add(AcmeCaller.newKey());
        for (int i = 0; i < 25; i++) changed(keys.get(i), keys.get(i + 1));
        ECKey last = keys.getLast();
        for (int i = 0; i <= 25; i++) assertEquals(i >= 5, isCurrent(last, keys.get(i)), String.valueOf(i));
    }

    @Test
    void anAccountWhoseKeyCannotBeReadIsToldSo() {
        for (String jwk : List.of("", "{}", "[]", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}")) {
            var e = assertThrows(
                    Problem.class,
                    () -> store.whole(session -> HeldKeys.isCurrent(session, account(jwk), holder(a))),
                    jwk);
            assertEquals("unauthorized", e.type());
        }
    }

    @Test
    void aDamagedChangeLeadsNowhereAndStopsNobody() throws Exception {
        var damaged = new Mutations(8555, List.of(change(a, b, a, "x")));
        for (int i = 0; i < 1000; i++) {
            add(damaged.next());
            boolean _ = isCurrent(b, a);
            assertTrue(isCurrent(a, a));
        }
    }
}
