package dev.starling.gate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.identity.Keys;
import dev.starling.web.Permits;
import dev.starling.web.WebSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who may open a room, who gets in, and what the relay carries: docs/protocols/media.md, section 1.
class MediaRoomsTest {
    private static final String ALICE = "alice@example.net";
    private static final int FRAME_BYTES = 1000;

    @TempDir
    @org.jspecify.annotations.Nullable
    Path folder;

    private record Task(Duration after, Runnable run) {}

    /// One end as the server sees it; what it gets and how it ends is taken down.
    private final class Caller implements WebSocket {
        private final List<byte[]> got = new ArrayList<>();
        private final Listener server = rooms().open(this);
        private int closed, pings;

        @Override
        public void send(byte[] message) {
            got.add(message);
        }

        @Override
        public void sendText(String message) {
            throw new AssertionError("text");
        }

        @Override
        public void ping() {
            pings++;
        }

        @Override
        public void close(int code, String reason) {
            closed = code;
        }

        @Override
        public InetSocketAddress local() {
            return new InetSocketAddress(0);
        }

        @Override
        public InetSocketAddress remote() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        }

        Caller names(char place, byte[] room) {
            byte[] hello = new byte[33];
            hello[0] = (byte) place;
            System.arraycopy(room, 0, hello, 1, 32);
            server.message(hello);
            return this;
        }
    }

    private final HttpClient http = HttpClient.newHttpClient();
    private final List<Task> tasks = new ArrayList<>();
    private @org.jspecify.annotations.Nullable StoreServer opened;
    private @org.jspecify.annotations.Nullable MediaRooms made;

    @BeforeEach
    void open() throws Exception {
        Path place = Objects.requireNonNull(folder);
        opened = new StoreServer(StoreServer.store(place, new StandingClock()), place, StoreServer.JOIN);
        var bounds = new MediaRooms.Bounds(
                3,
                2,
                new Permits(4, 4),
                Duration.ofSeconds(10),
                Duration.ofMinutes(2),
                Duration.ofHours(12),
                FRAME_BYTES,
                20,
                2);
        made = new MediaRooms(
                server().authority,
                bounds,
                server().clock,
                (after, task) -> tasks.add(new Task(after, task)),
                tasks::clear);
        rooms().mount(server().routes);
    }

    @AfterEach
    void close() {
        rooms().close();
        server().close();
        http.close();
    }

    private StoreServer server() {
        return Objects.requireNonNull(opened);
    }

    private MediaRooms rooms() {
        return Objects.requireNonNull(made);
    }

    private static byte[] room(int n) {
        byte[] name = new byte[32];
        Arrays.fill(name, (byte) n);
        return name;
    }

    private static byte[] body(byte[] room) {
        String name = Base64.getUrlEncoder().withoutPadding().encodeToString(room);
        return ("{\"name\":\"" + name + "\"}").getBytes(StandardCharsets.UTF_8);
    }

    private int ask(Optional<String> authorization, byte[] body) throws Exception {
        var request = HttpRequest.newBuilder(server().base().resolve("/media"))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        authorization.ifPresent(value -> request.header("Authorization", value));
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString()).statusCode();
    }

    private int ask(Keys.Held device, byte[] body) throws Exception {
        return ask(Optional.of(StoreServer.signed(device, server().claims(ALICE, "POST", "/media", body))), body);
    }

    /// A room of alice with both ends in it.
    private List<Caller> joined(int n) throws Exception {
        assertEquals(204, ask(server().devices.of(ALICE), body(room(n))));
        var agent = new Caller().names('a', room(n));
        assertEquals(0, agent.got.size(), "nobody is there yet");
        return List.of(agent, new Caller().names('p', room(n)));
    }

    private void fire(Duration after) {
        List.copyOf(tasks).stream().filter(t -> t.after.equals(after)).forEach(t -> {
            tasks.remove(t);
            t.run.run();
        });
    }

    @Test
    void twoEndsAreJoinedAndHearEachOther() throws Exception {
        var ends = joined(1);
        for (Caller end : ends) assertArrayEquals(new byte[] {1}, end.got.getFirst());
        ends.getFirst().server.message(new byte[] {7, 7});
        ends.getLast().server.message(new byte[] {8});
        assertArrayEquals(new byte[] {7, 7}, ends.getLast().got.get(1));
        assertArrayEquals(new byte[] {8}, ends.getFirst().got.get(1));
        ends.getFirst().server.closed();
        assertEquals(1000, ends.getLast().closed);
        assertEquals(0, rooms().size());
    }

    @Test
    void onlyADeviceThatIsServedOpensARoom() throws Exception {
        byte[] body = body(room(1));
        assertEquals(401, ask(Optional.empty(), body));
        assertEquals(401, ask(Optional.of("PASSporT nonsense"), body));
        var alice = server().devices.of(ALICE);
        var other = StoreServer.signed(alice, server().claims(ALICE, "POST", "/media", body(room(2))));
        assertEquals(401, ask(Optional.of(other), body), "signed for another room");
        var peer = WriteAuthority.join(
                server().devices.peer(),
                server().key.id().peerUri(),
                StoreServer.JOIN,
                server().now(),
                "POST",
                "/media",
                body);
        assertEquals(403, ask(Optional.of(peer), body), "another server");
        for (String wrong : List.of("", "null", "[]", "{}", "{\"name\":5}", "{\"name\":\"" + "A".repeat(42) + "\"}"))
            assertEquals(400, ask(alice, wrong.getBytes(StandardCharsets.UTF_8)), wrong);
        assertEquals(413, ask(alice, new byte[300]));
        assertEquals(0, rooms().size());
    }

    @Test
    void roomsAreCounted() throws Exception {
        var alice = server().devices.of(ALICE);
        assertEquals(204, ask(alice, body(room(1))));
        assertEquals(409, ask(alice, body(room(1))), "of this name there is one");
        assertEquals(204, ask(alice, body(room(2))));
        assertEquals(429, ask(alice, body(room(3))), "a device has two");
        assertEquals(204, ask(server().devices.of(ALICE), body(room(3))));
        assertEquals(503, ask(server().devices.of(ALICE), body(room(4))), "there are three");
        new Caller().names('a', room(1)).server.closed();
        assertEquals(204, ask(alice, body(room(4))), "one was given back");
    }

    @Test
    void eachPlaceIsTakenOnceAndARoomIsUsedOnce() throws Exception {
        var ends = joined(1);
        for (char place : new char[] {'a', 'p'}) {
            var second = new Caller().names(place, room(1));
            assertEquals(1008, second.closed);
            assertEquals(0, second.got.size());
        }
        assertEquals(0, ends.getFirst().closed + ends.getLast().closed, "those who are there stay");
        ends.getLast().server.closed();
        assertEquals(1008, new Caller().names('p', room(1)).closed, "it is gone");
    }

    @Test
    void whoNamesNoRoomIsShownOut() {
        var wrong = new Caller().names('p', room(9));
        var odd = new Caller().names('x', room(9));
        var junk = new Caller();
        junk.server.message(new byte[5]);
        var silent = new Caller();
        assertEquals(List.of(1008, 1008, 1008, 0), List.of(wrong.closed, odd.closed, junk.closed, silent.closed));
        fire(Duration.ofSeconds(10));
        assertEquals(1008, silent.closed);
    }

    @Test
    void thoseWhoHaveNamedNoRoomAreFew() {
        var four = List.of(new Caller(), new Caller(), new Caller(), new Caller());
        assertEquals(1008, new Caller().closed);
        four.getFirst().server.closed();
        assertEquals(0, new Caller().closed);
    }

    @Test
    void aRoomWaitsTwoMinutesForBothEnds() throws Exception {
        assertEquals(204, ask(server().devices.of(ALICE), body(room(1))));
        var alone = new Caller().names('a', room(1));
        var full = joined(2);
        fire(Duration.ofMinutes(2));
        assertEquals(1000, alone.closed);
        assertEquals(0, full.getFirst().closed);
        assertEquals(
                List.of(),
                tasks.stream()
                        .filter(task -> task.after().compareTo(Duration.ofMinutes(2)) > 0)
                        .toList(),
                "nothing holds a room for longer");
        server().clock.pass(Duration.ofHours(12).plusSeconds(1));
        fire(Duration.ofSeconds(20));
        full.forEach(each -> each.server.pong());
        fire(Duration.ofSeconds(8));
        assertEquals(1000, full.getFirst().closed, "no call is longer");
        assertEquals(0, rooms().size());
    }

    @Test
    void framesAreBoundInSizeAndRate() throws Exception {
        var big = joined(1);
        big.getFirst().server.message(new byte[FRAME_BYTES]);
        assertEquals(FRAME_BYTES, big.getLast().got.getLast().length);
        big.getFirst().server.message(new byte[FRAME_BYTES + 1]);
        assertEquals(List.of(1009, 1009), List.of(big.getFirst().closed, big.getLast().closed));

        var fast = joined(2);
        for (int i = 0; i < 19; i++) fast.getFirst().server.message(new byte[1]);
        assertEquals(0, fast.getFirst().closed);
        server().clock.pass(Duration.ofSeconds(1));
        for (int i = 0; i < 2; i++) fast.getFirst().server.message(new byte[1]);
        assertEquals(0, fast.getFirst().closed, "two more after a second");
        for (int i = 0; i < 2; i++) fast.getFirst().server.message(new byte[1]);
        assertEquals(1008, fast.getFirst().closed);
        assertTrue(fast.getLast().got.size() <= 23);

        assertEquals(204, ask(server().devices.of(ALICE), body(room(3))));
        var early = new Caller().names('a', room(3));
        early.server.message(new byte[1]);
        assertEquals(1008, early.closed, "nobody is there yet");
    }

    @Test
    void whateverIsSentEndsNobodyElsesRoom() throws Exception {
        var quiet = joined(1);
        var random = new Random(7);
        for (int i = 0; i < 3000; i++) {
            byte[] junk = new byte[random.nextInt(80)];
            random.nextBytes(junk);
            if (random.nextBoolean() && junk.length >= 33) {
                junk = Arrays.copyOf(junk, 33);
                junk[0] = (byte) (random.nextBoolean() ? 'a' : 'p');
                // Now and then the very room, whose places are taken.
                if (random.nextInt(4) == 0) System.arraycopy(room(1), 0, junk, 1, 32);
            }
            var hostile = new Caller();
            hostile.server.message(junk);
            hostile.server.message(junk);
            assertEquals(1008, hostile.closed);
            assertEquals(0, hostile.got.size());
            hostile.server.closed();
        }
        quiet.getFirst().server.message(new byte[] {9});
        assertArrayEquals(new byte[] {9}, quiet.getLast().got.getLast());
        assertEquals(1, rooms().size());
    }

    @Test
    void anEndThatAnswersNoPingIsGone() throws Exception {
        var ends = joined(1);
        fire(Duration.ofSeconds(20));
        assertEquals(1, ends.getLast().pings);
        ends.getLast().server.pong();
        fire(Duration.ofSeconds(8));
        assertEquals(List.of(1000, 1000), List.of(ends.getFirst().closed, ends.getLast().closed));
    }
}
