package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Vectors;
import dev.starling.identity.Address;
import dev.starling.identity.AnchorFile;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.identity.cbor.CborMap;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogProof;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import dev.starling.identity.log.TreeHead;
import dev.starling.record.Kind;
import dev.starling.record.RecordOpener;
import dev.starling.record.SequenceMemory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Certificates of a CA that must log: docs/protocols/log.md, section 12.
class LoggedTest {
    private static final NoteSigner LOG = NoteSigner.of("ca.example/log", NoteKey.Kind.LOG, NoteSigner.newSeed());

    @TempDir
    Path folder;

    private World world;
    private Keys.Held bob, ghost;

    @BeforeEach
    void open() throws Exception {
        world = new World(folder);
        bob = world.device(World.BOB.text());
        ghost = world.device(World.BOB.text());
        world.mustLog(LOG.key());
    }

    @AfterEach
    void close() {
        world.close();
    }

    /// That the device's certificate is all there is in the log.
    private static CborMap proof(Keys.Held device) throws Exception {
        byte[] tag = LogEntry.ownerTag(World.BOB, LOG.key().name());
        var entry = LogEntry.of(tag, device.der().getFirst(), LogEntry.noEvidence());
        var head = Checkpoint.signed(LOG, new TreeHead(1, entry.leafHash()));
        return new CborMap().with(1, new LogProof(entry, 0, List.of(), head).bytes());
    }

    @Test
    void eachRecordIsBelievedOrRefusedForItsOwnReason() throws Exception {
        var v = Vectors.read("logged");
        @SuppressWarnings("unchecked")
        var anchors = (Map<String, Object>) v.get("anchors");
        var clock = Vectors.clock(v);
        for (Map<String, Object> c : Vectors.cases(v, "cases")) {
            var believed = AnchorFile.parse(Vectors.text(anchors, Vectors.text(c, "anchor")));
            var opener = new RecordOpener(
                    Vectors.text(v, "network"),
                    new CertificateVerifier(TrustAnchors.limited(believed), true),
                    SequenceMemory.inMemory(10),
                    clock);
            var kind = Kind.valueOf(Vectors.text(c, "kind"));
            assertEquals(
                    c.get("verdict"),
                    Vectors.verdict(() -> {
                        var _ = opener.open(
                                Vectors.base64(c.get("record")), kind, Address.parse(Vectors.text(v, "address")));
                    }),
                    Vectors.text(c, "what"));
        }
    }

    @Test
    void aDeviceCountsOnceItsProofIsPublished() throws Exception {
        world.enrol(bob);
        world.publish(bob, Kind.LOCATION, world.location(bob, "sip:192.0.2.1:5061;transport=tls", ""));
        var without = world.found();
        assertEquals(Map.of(), without.devices());
        assertTrue(without.seen().stream().anyMatch(seen -> seen.verdict().equals("not-logged")));
        world.publish(bob, Kind.CERT, proof(bob));
        assertEquals(List.of(bob.id()), world.verified());
    }

    @Test
    void whomTheCaCertifiedBehindItsLogDoesNotStandBesideTheGenuineList() throws Exception {
        world.enrol(bob);
        world.publish(bob, Kind.CERT, proof(bob));
        world.enrol(ghost);
        world.publish(ghost, Kind.LOCATION, world.location(ghost, "sip:192.0.2.66:5061;transport=tls", ""));
        assertEquals(List.of(bob.id()), world.verified());
        assertTrue(
                world.found().seen().stream().noneMatch(seen -> seen.verdict().equals("two-roots")));
    }

    @Test
    void aProofOfAnotherCertificateIsNone() throws Exception {
        world.enrol(bob);
        world.publish(bob, Kind.CERT, proof(ghost));
        assertEquals(Map.of(), world.found().devices());
        assertTrue(world.found().seen().stream().anyMatch(seen -> seen.verdict().equals("wrong-certificate")));
    }
}
