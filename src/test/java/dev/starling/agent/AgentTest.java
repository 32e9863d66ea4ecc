package dev.starling.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.LogLines;
import dev.starling.cms.Content;
import dev.starling.identity.Address;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.Bodies;
import dev.starling.record.Kind;
import dev.starling.record.OwnEntry;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How a device that was let in learns what the others share.
class AgentTest {
    private static final byte[] OWN = AgentWorld.key(7), FRIENDS = AgentWorld.key(8);
    private static final Address CAROL = new Address("carol@example.net");

    private AgentWorld it;
    private Keys.Held browser;
    private UserAgent bob;
    private Agent agent;

    @BeforeEach
    void begin(@TempDir Path folder) throws Exception {
        it = new AgentWorld(folder);
        browser = it.world.device(AgentWorld.BOB.text());
        bob = it.online(new Profile(AgentWorld.BOB, browser));
        it.list(AgentWorld.BOB, browser, it.phone);
        agent = it.agent((_, _, _) -> true);
        agent.start();
        it.peer.await("REGISTER");
        it.timers.pass(Duration.ZERO);
    }

    @AfterEach
    void end() {
        it.close();
    }

    private Optional<String> nameOf(Address address) {
        return agent.nameOf(address);
    }

    @Test
    void whatADeviceSaysBeforeItsGrantArrivedIsTakenInWithIt() throws Exception {
        assertTrue(it.tell(bob, new Content.Entries(List.of(it.contact(AgentWorld.ALICE, "Alice")))));
        assertTrue(it.tell(bob, new Content.Entries(List.of(it.contact(CAROL, "Carol")))));
        assertEquals(Optional.empty(), nameOf(AgentWorld.ALICE), "not let in yet");
        assertTrue(it.tell(bob, AgentWorld.grant(OWN, FRIENDS)));
        assertEquals(Optional.of("Alice"), nameOf(AgentWorld.ALICE));
        assertEquals(Optional.of("Carol"), nameOf(CAROL), "all pieces of it");
    }

    @Test
    void whatTheOthersShareIsReadAgainAfter5And10And20SecondsUntilItIsThere() throws Exception {
        assertTrue(it.tell(bob, AgentWorld.grant(OWN, FRIENDS)));
        it.timers.pass(Duration.ZERO);
        assertEquals(Agent.Standing.LISTED, agent.standing());
        it.timers.pass(Duration.ofSeconds(4));
        share(it.contact(AgentWorld.ALICE, "Alice"));
        assertEquals(Optional.empty(), nameOf(AgentWorld.ALICE));
        it.timers.pass(Duration.ofSeconds(1));
        assertEquals(Optional.of("Alice"), nameOf(AgentWorld.ALICE));
    }

    @Test
    void itIsReadEverMoreRarelyWhileNothingIsThereAndInHoursThen() throws Exception {
        assertTrue(it.tell(bob, AgentWorld.grant(OWN, FRIENDS)));
        // Read at 0, 5 and 15 s.
        it.timers.pass(Duration.ofSeconds(16));
        share(it.contact(AgentWorld.ALICE, "Alice"));
        it.timers.pass(Duration.ofSeconds(18));
        assertEquals(Optional.empty(), nameOf(AgentWorld.ALICE), "34 s");
        it.timers.pass(Duration.ofSeconds(1));
        assertEquals(Optional.of("Alice"), nameOf(AgentWorld.ALICE), "35 s");
        share(it.contact(CAROL, "Carol"));
        it.clock.pass(Duration.ofHours(3));
        it.timers.pass(Duration.ZERO);
        assertEquals(Optional.empty(), nameOf(CAROL));
        it.clock.pass(Duration.ofHours(1));
        it.timers.pass(Duration.ZERO);
        assertEquals(Optional.of("Carol"), nameOf(CAROL));
    }

    @Test
    void inTheLastThirdOfItsTimeTheLogSaysOnceADayThatItEnds() throws Exception {
        assertTrue(it.tell(bob, AgentWorld.grant(OWN, FRIENDS)));
        var log = LogLines.of("starling.agent");
        try {
            assertEquals(0, warningsAfter(log, Duration.ofDays(19)));
            assertEquals(1, warningsAfter(log, Duration.ofDays(2)));
            assertEquals(1, warningsAfter(log, Duration.ofHours(20)));
            assertEquals(2, warningsAfter(log, Duration.ofHours(5)));
            String line = log.lines().stream()
                    .filter(each -> each.contains("renew"))
                    .findFirst()
                    .orElseThrow();
            assertTrue(line.contains("\"Desk phone\" of bob@example.net ends in 9 days"), line);
        } finally {
            log.close();
        }
    }

    private long warningsAfter(LogLines log, Duration time) throws Exception {
        it.clock.pass(time);
        it.list(AgentWorld.BOB, browser, it.phone);
        it.timers.pass(Duration.ZERO);
        return log.lines().stream()
                .filter(line -> line.contains("starling phone renew"))
                .count();
    }

    /// What bob's browser writes down for his others, in one pack (docs/protocols/formats.md, section 10).
    private void share(Content.Entry entry) throws Exception {
        byte[] id = Arrays.copyOf(hmac("starling/1 own id"), 16);
        Object each = new CborMap().with(1, entry.name()).with(2, entry.time()).with(3, entry.value());
        byte[] pack = Cbor.encode(new CborMap().with(1, 0L).with(2, 1L).with(3, List.of(each)));
        var body = new Bodies.Own(id, OwnEntry.seal(OWN, id, pack)).toCbor();
        byte[] record = it.world.record(
                browser, Kind.OWN, AgentWorld.BOB, it.clock.millis(), Duration.ofDays(1), Optional.of(body));
        Rendezvous place = new Rendezvous.Master(hmac("starling/1 own place"))
                .around(Kind.OWN, it.clock.instant())
                .getFirst();
        it.leave(place, Sealed.seal(place, record));
    }

    private static byte[] hmac(String label) throws Exception {
        var mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(OWN, "HmacSHA256"));
        mac.update(label.getBytes(StandardCharsets.US_ASCII));
        mac.update((byte) 0);
        return mac.doFinal();
    }
}
