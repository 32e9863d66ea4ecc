package dev.starling.enrol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.TestCa;
import dev.starling.identity.Address;
import dev.starling.identity.Anchor;
import dev.starling.identity.AnchorLog;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.TrustAnchors;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.Tile;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The daily look into the log of a real CA over HTTP.
class LogWatchTest {
    private static final Duration DAY = Duration.ofDays(1);

    @TempDir
    private Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private final Address bob = new Address("bob@example.net");
    private TestCa ca;
    private Path file;
    private final List<String> unread = new ArrayList<>();
    private Optional<LogWatch.Open> instead = Optional.empty();

    LogWatchTest() {}

    @BeforeEach
    void start() throws Exception {
        ca = new TestCa(Files.createDirectory(folder.resolve("ca")));
        file = folder.resolve("bob.p12");
        enrol(bob, file);
    }

    @AfterEach
    void stop() throws Exception {
        ca.close();
        http.close();
    }

    private Anchor anchor() {
        return Anchor.of(ca.issuer.root())
                .with(new AnchorLog(new LogPolicy(ca.log.key(), List.of(), 0), ca.base + "/acme/log", true));
    }

    private void enrol(Address address, Path held) throws Exception {
        var verifier = new CertificateVerifier(TrustAnchors.limited(List.of(anchor())), false);
        new Enrolment(ca.directory(), verifier, ca.clock, Duration.ofMillis(10))
                .enrol(address, held, (_, _) -> Optional.of(ca.letters.last().code()));
    }

    private List<String> look(Duration every) throws IOException {
        return look(every, anchor(), anchor());
    }

    private List<String> look(Duration every, Anchor... believed) throws IOException {
        var said = new ArrayList<String>();
        unread.clear();
        new LogWatch(List.of(believed), url -> instead.orElse(new Http(url)), ca.clock)
                .look(bob, file, every, new LogWatch.Ear() {
                    @Override
                    public void alarm(String sentence) {
                        said.add(sentence);
                    }

                    @Override
                    public void unread(String sentence) {
                        unread.add(sentence);
                    }
                });
        return said;
    }

    private final class Http implements LogWatch.Open {
        private final String base;

        Http(String base) {
            this.base = base;
        }

        @Override
        public byte[] checkpoint() throws IOException {
            return get("checkpoint");
        }

        @Override
        public byte[] tile(Tile tile) throws IOException {
            return get(tile.path());
        }

        @Override
        public void close() {}

        private byte[] get(String path) throws IOException {
            try {
                var request =
                        HttpRequest.newBuilder(URI.create(base + "/" + path)).build();
                return http.send(request, HttpResponse.BodyHandlers.ofByteArray())
                        .body();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
    }

    @Test
    void ownCertificatesAndThoseOfOthersAreNoNews() throws Exception {
        assertEquals(List.of(), look(DAY));
        enrol(new Address("eve@example.net"), folder.resolve("eve.p12"));
        ca.clock.pass(DAY);
        enrol(bob, file);
        assertEquals(List.of(), look(DAY));
    }

    @Test
    void aCertificateThatSomebodyElseGotIsToldOnce() throws Exception {
        assertEquals(List.of(), look(DAY));
        enrol(bob, folder.resolve("thief.p12"));
        assertEquals(List.of(), look(DAY), "the day is not over");
        ca.clock.pass(DAY);
        var said = look(DAY);
        assertEquals(1, said.size(), said::toString);
        assertTrue(
                said.getFirst().contains("bob@example.net") && said.getFirst().contains("entry 2"), said::getFirst);
        ca.clock.pass(DAY);
        assertEquals(List.of(), look(DAY));
    }

    @Test
    void theFirstLookBeginsWithTheOwnCertificate() throws Exception {
        enrol(bob, folder.resolve("thief.p12"));
        assertEquals(1, look(Duration.ZERO).size());
        Files.delete(LogWatch.file(file));
        Files.delete(LogProofs.file(file));
        assertEquals(List.of(), look(Duration.ZERO), "without a proof with what comes from now on");
    }

    @Test
    void aLogThatForgetsIsToldAndWhatItShowedIsKept() throws Exception {
        enrol(new Address("eve@example.net"), folder.resolve("eve.p12"));
        var early = new Http(ca.base + "/acme/log").checkpoint();
        enrol(bob, folder.resolve("thief.p12"));
        assertEquals(1, look(Duration.ZERO).size());
        String kept = Files.readString(LogWatch.file(file));
        instead = Optional.of(showing(early));
        var said = look(Duration.ZERO);
        assertTrue(said.size() == 1 && said.getFirst().contains("(smaller-tree)"), said::toString);
        String checkpoint = kept.replaceFirst("(?s).*\"checkpoint\":(\"[^\"]*\").*", "$1");
        assertTrue(Files.readString(LogWatch.file(file)).contains(checkpoint));
    }

    @Test
    void aLogThatCannotBeReadIsToldAfterThreeDays() throws Exception {
        assertEquals(List.of(), look(DAY));
        ca.close();
        for (int day = 0; day < 3; day++) {
            ca.clock.pass(DAY);
            assertEquals(List.of(), look(DAY));
            assertTrue(
                    unread.size() == 1 && unread.getFirst().contains("cannot be read now at " + ca.base),
                    unread::toString);
        }
        ca.clock.pass(DAY);
        assertTrue(look(DAY).getFirst().contains("nothing new for three days"));
    }

    @Test
    void whatCannotBeKeptIsToldAllTheSameAndAgainUntilItIsKept() throws Exception {
        assertEquals(List.of(), look(DAY));
        enrol(bob, folder.resolve("thief.p12"));
        byte[] kept = Files.readAllBytes(LogWatch.file(file));
        for (int times = 0; times < 2; times++) {
            instead = Optional.of(fillingThePlaceOfWhatIsKept());
            var said = look(Duration.ZERO);
            assertEquals(2, said.size(), said::toString);
            assertTrue(said.getFirst().contains("(entry 2)"), said::getFirst);
            assertTrue(said.getLast().contains("cannot be kept in"), said::getLast);
            Files.delete(LogWatch.file(file).resolve("in the way"));
            Files.delete(LogWatch.file(file));
            Files.write(LogWatch.file(file), kept);
        }
        try (var left = Files.list(folder)) {
            assertEquals(
                    0, left.filter(each -> each.toString().contains(".new")).count());
        }
        instead = Optional.empty();
        assertEquals(1, look(Duration.ZERO).size());
        assertEquals(List.of(), look(Duration.ZERO));
    }

    /// A folder with something in it is not replaced by a file, also not for root.
    private LogWatch.Open fillingThePlaceOfWhatIsKept() {
        var log = new Http(ca.base + "/acme/log");
        return new LogWatch.Open() {
            @Override
            public byte[] checkpoint() throws IOException {
                Files.delete(LogWatch.file(file));
                Files.createFile(Files.createDirectory(LogWatch.file(file)).resolve("in the way"));
                return log.checkpoint();
            }

            @Override
            public byte[] tile(Tile tile) throws IOException {
                return log.tile(tile);
            }

            @Override
            public void close() {}
        };
    }

    @Test
    void twoLogsOfOneNameAreBothWatched() throws Exception {
        try (var other = new TestCa(Files.createDirectory(folder.resolve("other-ca")))) {
            assertEquals(
                    anchor().log().orElseThrow().policy().log().name(),
                    other.log.key().name());
            var second = Anchor.of(other.issuer.root())
                    .with(new AnchorLog(new LogPolicy(other.log.key(), List.of(), 0), other.base + "/acme/log", true));
            assertEquals(List.of(), look(Duration.ZERO, anchor(), second));
            var verifier = new CertificateVerifier(TrustAnchors.limited(List.of(second)), false);
            new Enrolment(other.directory(), verifier, other.clock, Duration.ofMillis(10))
                    .enrol(
                            bob,
                            folder.resolve("thief.p12"),
                            (_, _) -> Optional.of(other.letters.last().code()));
            var said = look(Duration.ZERO, anchor(), second);
            assertEquals(1, said.size(), said::toString);
            assertEquals(List.of(), look(Duration.ZERO, anchor(), second));
        }
    }

    @Test
    void whoWasAwayForLongHearsNothingOfWhatIsOver() throws Exception {
        assertEquals(List.of(), look(DAY));
        enrol(bob, folder.resolve("thief.p12"));
        ca.clock.pass(Duration.ofDays(31));
        assertEquals(List.of(), look(DAY));
    }

    @Test
    void aDamagedEdgeOrTimeLeadsToAnotherFirstLook() throws Exception {
        assertEquals(List.of(), look(DAY));
        String kept = Files.readString(LogWatch.file(file));
        for (String damaged : List.of(
                kept.replaceFirst("\"edge\":\"[^\"]*\"", "\"edge\":\"AAAA\""),
                kept.replaceFirst("\"edge\":\"[^\"]*\"", "\"edge\":\"\""),
                kept.replaceFirst("\"checkpoint\":\"[^\"]*\"", "\"checkpoint\":\"AAAA\""),
                kept.replaceFirst("\"at\":[0-9]+", "\"at\":9223372036854775807"))) {
            Files.writeString(LogWatch.file(file), damaged);
            assertEquals(List.of(), look(Duration.ZERO), damaged);
        }
    }

    @Test
    void aLogThatGrewByTooMuchIsToldAndWatchedFromThenOn() throws Exception {
        assertEquals(List.of(), look(DAY));
        enrol(bob, folder.resolve("thief.p12"));
        var log = new Http(ca.base + "/acme/log");
        instead = Optional.of(new LogWatch.Open() {
            private int reads;

            @Override
            public byte[] checkpoint() throws IOException {
                return log.checkpoint();
            }

            @Override
            public byte[] tile(Tile tile) throws IOException {
                if (reads++ == 0) throw new LogWatch.TooMany();
                return log.tile(tile);
            }

            @Override
            public void close() {}
        });
        var said = look(Duration.ZERO);
        assertTrue(said.size() == 1 && said.getFirst().contains("more than is read"), said::toString);
        instead = Optional.empty();
        assertEquals(List.of(), look(Duration.ZERO));
        enrol(bob, folder.resolve("other.p12"));
        assertEquals(1, look(Duration.ZERO).size());
    }

    @Test
    void whatWasKeptAndIsDamagedLeadsToAnotherFirstLook() throws Exception {
        assertEquals(List.of(), look(DAY));
        for (String damaged : List.of("", "{", "[]", "{\"logs\":[{\"checkpoint\":\"!\",\"edge\":\"\"}]}")) {
            Files.writeString(LogWatch.file(file), damaged);
            assertEquals(List.of(), look(DAY), damaged);
        }
    }

    private LogWatch.Open showing(byte[] checkpoint) {
        var log = new Http(ca.base + "/acme/log");
        return new LogWatch.Open() {
            @Override
            public byte[] checkpoint() {
                return checkpoint;
            }

            @Override
            public byte[] tile(Tile tile) throws IOException {
                return log.tile(tile);
            }

            @Override
            public void close() {}
        };
    }
}
