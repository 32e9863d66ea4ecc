package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.log.CertificateLog;
import dev.starling.ca.log.LogKey;
import dev.starling.ca.log.Witness;
import dev.starling.ca.log.WitnessAt;
import dev.starling.ca.store.CaStore;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.LogProof;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import dev.starling.identity.log.Watcher;
import dev.starling.locate.World;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Over HTTP, with a witness that keeps its heads in a file: a CA whose log has two heads of one size is caught, by the
/// witness, by whoever demands its cosignature, and by a watcher.
class ForkingCaTest {
    private static final String ORIGIN = "ca.example/log";
    private static final Clock CLOCK = Clock.systemUTC();

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final NoteSigner key = NoteSigner.of("w.example", NoteKey.Kind.WITNESS, NoteSigner.newSeed());
    private final Address bob = World.BOB;
    private World world;

    @BeforeEach
    void start() throws Exception {
        world = closing(new World(Files.createDirectory(folder.resolve("world"))));
    }

    @AfterEach
    void stop() throws Exception {
        for (var each : open.reversed()) each.close();
    }

    private <T extends AutoCloseable> T closing(T each) {
        open.add(each);
        return each;
    }

    private String serve(Routes routes) throws IOException {
        var server =
                closing(WebServer.start(new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024), routes, CLOCK));
        return "http://127.0.0.1:" + server.port();
    }

    /// A witness of this log, on a file as it is now: what a killed one left counts.
    private WitnessAt witness(NoteKey log) throws IOException {
        var book = closing(new WitnessBook(folder.resolve("witness.db")));
        var routes = new Routes();
        new Witness(key, List.of(log), book, CLOCK).mount(routes, "/witness");
        return WitnessAt.all(List.of(serve(routes) + "/witness+" + key.key().text()))
                .getFirst();
    }

    private CertificateLog log(CaStore store, List<WitnessAt> witnesses) throws IOException {
        return new CertificateLog(store, LogKey.open(folder, store, ORIGIN), witnesses);
    }

    private long enter(CertificateLog log) throws IOException {
        return log.enter(bob, certificate(), LogEntry.noEvidence());
    }

    private byte[] certificate() {
        return world.device(bob.text()).der().getFirst();
    }

    private String served(CertificateLog log) throws IOException {
        var routes = new Routes();
        log.published().mount(routes, "/acme/log", handler -> handler);
        return serve(routes) + "/acme/log";
    }

    @Test
    void theProofOfACosignedHeadSatisfiesWhoDemandsTheWitness() throws Exception {
        var store = closing(CaStore.inFile(folder.resolve("ca.db")));
        NoteKey known = log(store, List.of()).key();
        var log = log(store, List.of(witness(known)));
        byte[] der = certificate();
        LogProof proof = log.proof(log.enter(bob, der, LogEntry.noEvidence()));
        var _ = proof.verify(der, bob, new LogPolicy(known, List.of(key.key()), 1));
        // The second time it knows what the witness has.
        var _ = log.proof(enter(log));
    }

    @Test
    void whoWasAwayIsAskedAgain() throws Exception {
        var store = closing(CaStore.inFile(folder.resolve("ca.db")));
        NoteKey known = log(store, List.of()).key();
        long index = enter(log(store, List.of()));
        var policy = new LogPolicy(known, List.of(key.key()), 1);
        var log = log(store, List.of(witness(known)));
        var without = assertThrows(
                IdentityException.class, () -> policy.verify(log.proof(index).checkpoint()));
        assertEquals("too-few-witnesses", without.reason());
        log.cosignAgain();
        assertTrue(policy.verify(log.proof(index).checkpoint()).isPresent());
    }

    @Test
    void ofTwoHeadsOfOneSizeOnlyOneIsCosignedAndAWatcherSeesTheOther() throws Exception {
        Path file = folder.resolve("ca.db"), copy = folder.resolve("copy.db");
        NoteKey known;
        try (var store = CaStore.inFile(file)) {
            known = log(store, List.of()).key();
            enter(log(store, List.of(witness(known))));
        }
        Files.copy(file, copy);
        var genuine = log(closing(CaStore.inFile(file)), List.of(witness(known)));
        // The same file, read anew: the witness before it was never closed.
        var forked = log(closing(CaStore.inFile(copy)), List.of(witness(known)));
        var policy = new LogPolicy(known, List.of(key.key()), 1);
        try (var seen = new HttpLog(served(genuine));
                var other = new HttpLog(served(forked))) {
            enter(genuine);
            byte[] tag = LogEntry.ownerTag(bob, ORIGIN);
            var news = new Watcher(seen, policy).begin(0, tag);
            assertEquals(2, news.found().size());
            byte[] secret = certificate();
            long index = forked.enter(bob, secret, LogEntry.noEvidence());
            var refused = assertThrows(
                    IdentityException.class, () -> forked.proof(index).verify(secret, bob, policy));
            assertEquals("too-few-witnesses", refused.reason());
            var alone = new LogPolicy(known, List.of(), 0);
            var caught = assertThrows(IdentityException.class, () -> new Watcher(other, alone).look(news.seen(), tag));
            assertEquals("forked", caught.reason());
        }
    }

    @Test
    void aHeadIsPutOnlyInThePlaceOfTheOneItWasComparedWith() throws Exception {
        Path file = folder.resolve("book.db");
        var book = closing(new WitnessBook(file));
        byte[] one = {1}, two = {2}, three = {3};
        assertTrue(book.replace(ORIGIN, Optional.empty(), one));
        assertFalse(book.replace(ORIGIN, Optional.empty(), two));
        assertTrue(book.replace(ORIGIN, Optional.of(one), two));
        assertFalse(book.replace(ORIGIN, Optional.of(one), three));
        assertArrayEquals(two, closing(new WitnessBook(file)).latest(ORIGIN).orElseThrow());
    }
}
