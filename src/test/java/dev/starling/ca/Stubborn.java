package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.store.AuditTable;
import dev.starling.ca.store.Certificate;
import dev.starling.identity.Address;
import dev.starling.identity.log.LogPolicy;
import java.io.IOException;
import java.util.Base64;
import java.util.List;

/// Somebody who wants one certificate while the CA's database fails, and asks again as clients do: reads the order, and
/// does what its status asks for.
final class Stubborn {
    private static final int ROUNDS = 40;

    private final TestCa ca;
    private final AcmeCaller caller;
    private final String address;
    private final AcmeCaller.Reply order;
    private final java.util.Map<?, ?> challenge;
    private final String code;
    private final byte[] csr;
    private String fetched = "";
    private int failures;

    /// Orders; the code is in the mail.
    Stubborn(TestCa ca, AcmeCaller caller, String address) throws Exception {
        this.ca = ca;
        this.caller = caller;
        this.address = address;
        var asked = caller.order(address);
        // What broke before may have left dead connections behind.
        for (int i = 0; i < ROUNDS && asked.status() == 500; i++) asked = caller.order(address);
        order = asked;
        assertEquals(201, order.status(), order::toString);
        challenge = caller.challenge(order);
        code = ca.letters.all.stream()
                .filter(each -> each.to().equals(address))
                .findFirst()
                .orElseThrow()
                .code();
        csr = Csrs.of(address);
    }

    /// How often the CA said that it could not.
    int failures() {
        return failures;
    }

    /// Once: the code, the request, the certificate. False: the CA could not do one of them.
    boolean tries() throws Exception {
        return done(caller.answer(challenge, code)) && done(caller.finish(order, csr)) && fetches();
    }

    private boolean fetches() throws Exception {
        var read = caller.post(order.header("location"), "");
        if (!done(read)) return false;
        if (!read.text("status").equals("valid")) return false;
        var chain = caller.post(read.text("certificate"), "");
        if (!done(chain)) return false;
        String text = chain.http().body();
        assertTrue(text.startsWith("-----BEGIN CERTIFICATE-----"), text);
        assertTrue(fetched.isEmpty() || fetched.equals(text), "two certificates for one order");
        fetched = text;
        return true;
    }

    /// What is no success is a problem of the CA's own, in words for people that tell nothing of its inside.
    private boolean done(AcmeCaller.Reply reply) throws Exception {
        if (reply.status() == 200) return true;
        assertEquals("500 serverInternal", reply.status() + " " + reply.problem(), reply::toString);
        assertEquals("The CA could not do this now. Try again in a minute.", reply.text("detail"));
        assertEquals("60", reply.header("retry-after"));
        failures++;
        return false;
    }

    /// Until the certificate is there.
    void persists() throws Exception {
        for (int i = 0; i < ROUNDS && fetched.isEmpty(); i++) {
            var read = caller.post(order.header("location"), "");
            // Of its connections some are dead.
            if (!done(read)) continue;
            switch (read.text("status")) {
                case "pending" -> done(caller.answer(challenge, code));
                case "ready" -> done(caller.finish(order, csr));
                // As the CA does by itself each minute.
                case "processing" -> resume();
                case "valid" -> fetches();
                default -> throw new AssertionError(read.toString());
            }
        }
        assertTrue(!fetched.isEmpty(), "no certificate, after " + failures + " failures");
    }

    private void resume() {
        try {
            ca.issuer.resume();
        } catch (IOException e) {
            failures++;
        }
    }

    /// One certificate, signed once, in the log once, and released.
    ///
    /// @param size of the log
    void hasOne(long size) throws Exception {
        List<Certificate> all = ca.stored(session -> session.certificates().of(address, 9));
        assertEquals(1, all.size());
        assertEquals(fetched, all.getFirst().chain());
        assertTrue(all.getFirst().logIndex() >= 0);
        byte[] leaf =
                Base64.getMimeDecoder().decode(fetched.substring(fetched.indexOf('\n'), fetched.indexOf("-----END")));
        ca.log
                .proof(all.getFirst().logIndex())
                .verify(leaf, new Address(address), new LogPolicy(ca.log.key(), List.of(), 0));
        assertEquals(
                size,
                ca.<Long>stored(session -> session.log().head().orElseThrow().size()));
        List<AuditTable.Entry> said = ca.stored(session -> session.audit().of(address, 9));
        for (String event : List.of("proven", "issuing", "issued"))
            assertEquals(
                    1, said.stream().filter(each -> each.event().equals(event)).count(), event);
    }
}
