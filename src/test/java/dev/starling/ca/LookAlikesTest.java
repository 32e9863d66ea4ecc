package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Addresses that people, or programs, take for another one: each is proven for itself, or not at all.
class LookAlikesTest extends AcmeTest {
    private static String asked(AcmeCaller.Reply order) throws Exception {
        return String.valueOf(((Map<?, ?>) order.list("identifiers").getFirst()).get("value"));
    }

    @Test
    void aSubAddressIsAnAddressOfItsOwn() throws Exception {
        for (String other : List.of("bob+eve@example.net", "b.ob@example.net", "bob-@example.net")) {
            var order = proven(other);
            assertEquals(other, asked(order));
            refused(400, "badCSR", bob.finish(order, Csrs.of(BOB)));
            assertEquals("pending", bob.order(BOB).text("status"), other + " proves nothing of " + BOB);
        }
        var own = proven(BOB);
        refused(400, "badCSR", bob.finish(own, Csrs.of("bob+eve@example.net")));
        assertEquals("pending", bob.order("bob+other@example.net").text("status"));
    }

    @Test
    void capitalsAreTheSameMailbox() throws Exception {
        var order = proven("Bob@EXAMPLE.net");
        assertEquals(BOB, asked(order));
        assertEquals(BOB, ca.letters.last().to());
        assertEquals("ready", bob.order(BOB).text("status"));
    }

    @Test
    void aDomainInForeignLettersIsProvenAndWrittenAsItIsInTheDns() throws Exception {
        var order = proven("bob@ex\u0430mple.net");
        assertEquals("bob@xn--exmple-4nf.net", asked(order));
        assertEquals("bob@xn--exmple-4nf.net", ca.letters.last().to());
        refused(400, "badCSR", bob.finish(order, Csrs.of(BOB)));
        assertEquals(200, bob.finish(order, Csrs.of("bob@xn--exmple-4nf.net")).status());
        assertEquals("pending", bob.order(BOB).text("status"));
    }

    @Test
    void lettersThatOnlyLookAlikeInTheNameAreRefused() throws Exception {
        for (String each : List.of(
                "b\u043eb@example.net",
                "\uff42ob@example.net",
                "bob\u200b@example.net",
                "bob@example\u3002net",
                "bob@\uff45xample.net",
                "bob@example.net\u202e",
                "bob@ex\u0430mple.net@example.net")) {
            refused(400, "rejectedIdentifier", bob.order(each));
        }
        assertEquals(0, ca.letters.all.size());
    }

    @Test
    void anotherAccountCannotTakeOverAProofOrAnOrder() throws Exception {
        var order = proven(BOB);
        try (var mallory = ca.caller().registered()) {
            refused(403, "unauthorized", mallory.finish(order, Csrs.of(BOB)));
            refused(403, "unauthorized", mallory.post(order.first("authorizations"), "{\"status\":\"deactivated\"}"));
            var own = mallory.order(BOB);
            assertEquals("pending", own.text("status"));
            assertFalse(own.header("location").equals(order.header("location")));
            refused(403, "orderNotReady", mallory.finish(own, Csrs.of(BOB)));
        }
        assertEquals(200, bob.finish(order, Csrs.of(BOB)).status());
    }
}
