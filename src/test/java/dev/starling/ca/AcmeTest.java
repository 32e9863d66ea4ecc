package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.starling.acme.Problem;
import dev.starling.ca.front.Origin;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.store.CaStore;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// A CA over HTTP and an account at it.
abstract class AcmeTest {
    static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    TestCa ca;
    AcmeCaller bob;

    @BeforeEach
    void start() throws IOException {
        ca = new TestCa(store(folder), folder, Limits.LOCAL, 1_000_000, new Origin(false));
        bob = ca.caller().registered();
    }

    @AfterEach
    void stop() throws IOException {
        bob.close();
        ca.close();
    }

    CaStore store(Path where) throws IOException {
        return CaStore.inFile(where.resolve("ca.db"));
    }

    static void refused(int status, String type, AcmeCaller.Reply reply) throws Problem {
        assertEquals(status + " " + type, reply.status() + " " + reply.problem(), reply::toString);
        assertEquals(String.valueOf(status), String.valueOf(reply.json().get("status")));
        assertFalse(reply.text("detail").isBlank());
    }

    AcmeCaller.Reply proven(String address) throws Exception {
        var order = bob.order(address);
        assertEquals(
                200, bob.answer(bob.challenge(order), ca.letters.last().code()).status());
        return order;
    }
}
