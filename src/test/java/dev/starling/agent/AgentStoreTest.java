package dev.starling.agent;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.Address;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a device keeps over restarts.
class AgentStoreTest {
    @TempDir
    Path folder;

    @Test
    void whomItEverVerifiedItKnowsAfterARestart() throws Exception {
        Address dave = Address.parse("dave@example.net");
        Path file = folder.resolve("agent.db");
        try (var store = new AgentStore(file)) {
            assertFalse(store.hasVerified(dave));
            store.verified(dave, 1);
            store.verified(dave, 2);
        }
        try (var store = new AgentStore(file)) {
            assertTrue(store.hasVerified(dave));
            assertFalse(store.hasVerified(Address.parse("dave@example.org")));
        }
    }
}
