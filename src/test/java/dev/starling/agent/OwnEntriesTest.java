package dev.starling.agent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.cms.Content;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What own devices share, as a device that only reads keeps it: docs/protocols/formats.md, section 10.
class OwnEntriesTest {
    private static final Address ALICE = new Address("alice@example.net");
    private final StandingClock clock = new StandingClock();
    private AgentStore store;
    private Path file;
    private OwnEntries entries;

    @BeforeEach
    void begin(@TempDir Path folder) throws Exception {
        file = folder.resolve("agent.db");
        store = new AgentStore(file);
        entries = new OwnEntries(store, clock);
    }

    @AfterEach
    void end() throws Exception {
        store.close();
    }

    private static byte[] key(int fill) {
        byte[] key = new byte[32];
        java.util.Arrays.fill(key, (byte) fill);
        return key;
    }

    private static byte[] person(long state) {
        return Cbor.encode(new CborMap()
                .with(1, state)
                .with(2, "Alice")
                .with(3, key(1))
                .with(4, key(2))
                .with(5, new byte[0])
                .with(6, 1L)
                .with(7, new byte[0]));
    }

    private static Content.Entry entry(String name, long time, byte[] value) {
        return new Content.Entry(name, time, value);
    }

    @Test
    void aContactIsWhoeverItSaysLast() throws Exception {
        assertTrue(entries.merge(List.of(entry("contact alice@example.net", 10, person(1)))));
        assertFalse(entries.merge(List.of(entry("contact alice@example.net", 9, person(2)))));
        Person alice = entries.contact(ALICE).orElseThrow();
        assertEquals(Person.State.ACCEPTED, alice.state());
        assertEquals("Alice", alice.name());
        assertArrayEquals(key(2), alice.theirs().orElseThrow());
        assertTrue(entries.merge(List.of(entry("contact alice@example.net", 11, new byte[0]))));
        assertTrue(entries.contact(ALICE).isEmpty());
    }

    @Test
    void whatIsTooFarAheadIsPassedOver() throws Exception {
        long now = clock.instant().toEpochMilli();
        assertFalse(entries.merge(List.of(entry("contact alice@example.net", now + 600_001, person(1)))));
        assertTrue(entries.merge(List.of(entry("contact alice@example.net", now + 600_000, person(1)))));
    }

    @Test
    void atTheSameTimeWhatWasTakenAwayStaysAndThenTheLarger() {
        assertTrue(OwnEntries.wins(entry("a", 1, new byte[0]), entry("a", 1, new byte[] {1})));
        assertFalse(OwnEntries.wins(entry("a", 1, new byte[] {1}), entry("a", 1, new byte[0])));
        assertTrue(OwnEntries.wins(entry("a", 1, new byte[] {(byte) 0x80}), entry("a", 1, new byte[] {0x7f})));
        assertFalse(OwnEntries.wins(entry("a", 1, new byte[] {1}), entry("a", 1, new byte[] {1})));
    }

    @Test
    void consentIsHashesOfWhatAcceptedContactsShow() throws Exception {
        byte[] on = Cbor.encode(new CborMap().with(1, true));
        entries.merge(List.of(
                entry("contact alice@example.net", 1, person(1)),
                entry("contact carol@example.net", 1, person(2)),
                entry("blocked mallory@example.net", 1, on),
                entry("setting strangersRing", 1, on)));
        CborMap said = Cbor.decodeMap(entries.consent());
        assertEquals(1, said.list(1, 0, 9).size());
        assertArrayEquals(DeviceId.sha256(key(1)), (byte[]) said.list(1, 0, 9).getFirst());
        assertTrue(said.flag(2));
        assertEquals(1, said.list(3, 0, 9).size());
        assertTrue(entries.isBlocked(new Address("mallory@example.net")));
    }

    @Test
    void whatIsNotUnderstoodIsKeptAndHarmsNobody() throws Exception {
        entries.merge(
                List.of(entry("contact alice@example.net", 1, new byte[] {1, 2, 3}), entry("blocked ", 1, key(1))));
        assertTrue(entries.contact(ALICE).isEmpty());
        assertEquals(2, entries.all().size());
        assertEquals(0, Cbor.decodeMap(entries.consent()).list(1, 0, 9).size());
    }

    @Test
    void allOfItIsThereAfterARestart() throws Exception {
        entries.merge(List.of(entry("contact alice@example.net", 1, person(1))));
        store.close();
        store = new AgentStore(file);
        assertEquals(
                "Alice",
                new OwnEntries(store, clock).contact(ALICE).orElseThrow().name());
    }
}
