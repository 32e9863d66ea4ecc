package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.opendht.DhtNodes;
import dev.starling.identity.Address;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.Bodies;
import dev.starling.record.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Forged values under somebody's public keys, on real nodes: none is believed, each for its own reason, and whoever
/// is meant is found all the same.
@org.jspecify.annotations.NullUnmarked
class OpenDhtAttacksTest {
    private static final Address EVE = new Address("eve@example.net");
    private static DhtNodes nodes;

    @TempDir
    Path folder;

    private OpenDhtWorld it;

    @BeforeAll
    static void startNodes() throws IOException, InterruptedException {
        nodes = DhtNodes.start(OpenDhtWorld.NODES, OpenDhtWorld.PROXIES);
    }

    @AfterAll
    static void stopNodes() {
        if (nodes != null) nodes.close();
    }

    @BeforeEach
    void aWorld() throws Exception {
        it = new OpenDhtWorld(Objects.requireNonNull(nodes).proxies(), folder);
    }

    @AfterEach
    void close() {
        it.close();
    }

    private void refused(String attack, Kind place, byte[] record, String reason) throws Exception {
        it.forge(place, record);
        it.publish();
        it.reached(attack);
        assertEquals(
                List.of("ok", reason),
                it.verdicts(place).stream().sorted(OpenDhtAttacksTest::okFirst).toList());
    }

    private static int okFirst(String a, String b) {
        return Boolean.compare(b.equals("ok"), a.equals("ok"));
    }

    @Test
    void hisIdOnTheWireTakenByAnotherAfterHim() throws Exception {
        it.publish();
        for (Kind kind : OpenDhtWorld.PUBLIC)
            if (kind != Kind.REVOKED)
                assertEquals(1, it.attacker.impersonate(it.key(kind), new byte[1024]), kind.toString());
        it.reached("his id, from another owner, after him");
        // And his peer can still change what lies there.
        it.publish();
        it.reached("the same, and he publishes again");
    }

    @Test
    void hisIdOnTheWireTakenByAnotherBeforeHim() throws Exception {
        for (Kind kind : OpenDhtWorld.PUBLIC)
            it.attacker.impersonateAhead(
                    it.key(kind),
                    it.value(kind, new byte[10]),
                    it.slotKey,
                    it.clock,
                    new byte[1024],
                    kind == Kind.CERT);
        it.publish();
        it.reached("his id, from another owner, before him");
        it.publish();
        it.reached("the same, and he publishes again");
    }

    @Test
    void signedByAnotherKey() throws Exception {
        var mallory = new Keys.Held(Keys.generate().getPrivate(), it.bob.chain());
        refused("a key that is not certified", Kind.LOCATION, it.elsewhere(mallory, World.BOB), "bad-signature");
    }

    @Test
    void ofAnotherAddress() throws Exception {
        var eve = it.world.device(EVE.text());
        refused("a genuine record of another address", Kind.LOCATION, it.elsewhere(eve, EVE), "wrong-address");
    }

    @Test
    void aGenuineCertificateOfSomebodyElse() throws Exception {
        var eve = it.world.device(EVE.text());
        refused("a genuine certificate of somebody else", Kind.LOCATION, it.elsewhere(eve, World.BOB), "wrong-name");
    }

    @Test
    void ofAnotherKind() throws Exception {
        byte[] certificate = it.publish(Kind.CERT, Optional.of(new CborMap()));
        refused("a genuine record of another kind", Kind.LOCATION, certificate, "wrong-kind");
    }

    @Test
    void ofACaThatNobodyBelieves() throws Exception {
        var ca = it.world.authority("CN=nobody");
        var ghost = it.world.device("bob@example.net", ca, "CN=nobody");
        refused("a CA that nobody believes", Kind.LOCATION, it.elsewhere(ghost, World.BOB), "unknown-anchor");
    }

    @Test
    void ofACaThatIsBelievedAboutOthersOnly() throws Exception {
        var ca = it.world.believe("CN=company", List.of("example.org"));
        var ghost = it.world.device("bob@example.net", ca, "CN=company");
        refused(
                "a CA that speaks for another domain",
                Kind.LOCATION,
                it.elsewhere(ghost, World.BOB),
                "constrained-anchor");
    }

    @Test
    void withAnExpiredCertificate() throws Exception {
        var brief = it.world.device("bob@example.net", it.world.ca, "CN=first", Duration.ofMinutes(1));
        byte[] record = it.elsewhere(brief, World.BOB, it.clock.instant(), Duration.ofHours(20));
        it.clock.pass(Duration.ofMinutes(2));
        refused("an expired certificate", Kind.LOCATION, record, "expired");
    }

    @Test
    void ofARevokedDevice() throws Exception {
        var stolen = it.world.device("bob@example.net");
        it.publish(Kind.CERT, Optional.of(new CborMap()));
        it.publish(Kind.DEVICES, Optional.of(World.list(List.of(it.world.root(it.bob, stolen)))));
        it.publish(Kind.LOCATION, Optional.of(it.world.location(it.bob, OpenDhtWorld.HERE, "")));
        it.publish(
                Kind.REVOKED,
                Optional.of(new Bodies.Revoked(
                                List.of(stolen.id()),
                                "stolen",
                                it.clock.instant().getEpochSecond())
                        .toCbor()));
        it.forge(
                Kind.CERT,
                it.world.record(stolen, Kind.CERT, World.BOB, it.clock.millis(), Optional.of(new CborMap())));
        it.forge(Kind.LOCATION, it.elsewhere(stolen, World.BOB));
        it.reached("a revoked device that goes on publishing");
    }

    @Test
    void truncatedAndOversize() throws Exception {
        byte[] whole = it.elsewhere(it.bob, World.BOB);
        byte[] sealed = it.sealed(Kind.LOCATION, whole);
        it.attacker.put(it.key(Kind.LOCATION), Arrays.copyOf(sealed, sealed.length - 1));
        it.attacker.put(it.key(Kind.LOCATION), Arrays.copyOf(sealed, 12));
        it.forge(Kind.LOCATION, Arrays.copyOf(whole, whole.length / 2));
        for (Kind kind : OpenDhtWorld.PUBLIC) {
            it.attacker.bare(it.key(kind), new byte[3]);
            it.attacker.bare(it.key(kind), new byte[60_000]);
            it.attacker.put(it.key(kind), new byte[40_000]);
        }
        it.publish();
        it.reached("truncated and oversize values");
        var verdicts = it.verdicts(Kind.LOCATION);
        assertTrue(verdicts.containsAll(List.of("ok", "not-sealed", "malformed")), verdicts.toString());
        assertEquals(4, verdicts.size(), verdicts + ": oversize ones are none");
    }
}
