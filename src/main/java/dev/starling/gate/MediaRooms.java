package dev.starling.gate;

import dev.starling.web.Permits;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebException;
import dev.starling.web.WebSocket;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// `/media`: where a client that cannot carry sound meets the page that does it (docs/protocols/media.md). A certified
/// device opens a room by `POST`; the two ends that name it over a WebSocket are joined, and what one sends goes to the
/// other as it is: sealed with what this server never learns. A room is for one meeting: when one end goes, so does it.
public final class MediaRooms implements WebSocket.Endpoint, AutoCloseable {
    /// The WebSocket subprotocol.
    public static final String PROTOCOL = "media.starling";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{43}");
    private static final int NAME_BYTES = 32, MAX_BODY_BYTES = 256, REFUSED = 1008, TOO_BIG = 1009, GOODBYE = 1000;
    private static final int RETRY_SECONDS = 5;
    private static final byte[] JOINED = {1};
    private static final Duration PING = Duration.ofSeconds(20), ANSWER = Duration.ofSeconds(8);

    /// How much of everything.
    ///
    /// @param rooms at once, and of one device
    /// @param unnamed sockets that have not named a room, in all and of one network
    /// @param hello so long one may take to name a room
    /// @param alone so long a room waits for both ends
    /// @param together the longest call
    /// @param frameBytes of one frame
    /// @param burst what one end may send at once, where a frame costs its size in KiB and one more
    /// @param perSecond how fast that comes back
    public record Bounds(
            int rooms,
            int roomsOfDevice,
            Permits unnamed,
            Duration hello,
            Duration alone,
            Duration together,
            int frameBytes,
            double burst,
            double perSecond) {
        /// A call takes about 100 frames at its beginning, then one each two seconds.
        public static Bounds usual() {
            return new Bounds(
                    2_000,
                    2,
                    new Permits(500, 20),
                    Duration.ofSeconds(10),
                    Duration.ofMinutes(2),
                    Duration.ofHours(12),
                    32 << 10,
                    600,
                    10);
        }
    }

    private final WriteAuthority authority;
    private final Bounds bounds;
    private final Clock clock;
    private final SipSocket.Later later;
    private final Runnable stop;
    // Everything below is guarded by `rooms`: to send never blocks.
    private final Map<ByteBuffer, Room> rooms = new HashMap<>();
    private final Map<String, Integer> ofDevice = new HashMap<>();

    public MediaRooms(WriteAuthority authority, Bounds bounds, Clock clock) {
        ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("media-rooms").factory());
        this(
                authority,
                bounds,
                clock,
                (after, task) -> {
                    var _ = scheduler.schedule(
                            () -> Thread.ofVirtual().start(task), after.toMillis(), TimeUnit.MILLISECONDS);
                },
                scheduler::shutdownNow);
    }

    MediaRooms(WriteAuthority authority, Bounds bounds, Clock clock, SipSocket.Later later, Runnable stop) {
        this.authority = authority;
        this.bounds = bounds;
        this.clock = clock;
        this.later = later;
        this.stop = stop;
    }

    public void mount(Routes routes) {
        routes.on("POST", "/media", MAX_BODY_BYTES, this::answer).socket("/media", PROTOCOL, this);
    }

    private Response answer(Request request) throws WebException {
        return switch (authority.judge(request)) {
            case WriteAuthority.Refused(int status, String reason, int retry) ->
                throw new WebException(status, reason, retry);
            case WriteAuthority.Allowed allowed -> {
                if (allowed.peer()) throw new WebException(403, "Rooms are for the people this server serves.");
                String name = WriteAuthority.member(request.text(), "name").orElse("");
                if (!NAME.matcher(name).matches()) throw new WebException(400, "A room is named by 32 bytes.");
                open(
                        key(Base64.getUrlDecoder().decode(name), 0),
                        allowed.owner().user());
                yield Response.empty(204);
            }
        };
    }

    private void open(ByteBuffer name, String device) throws WebException {
        Room room = new Room(name, device);
        synchronized (rooms) {
            if (rooms.containsKey(name)) throw new WebException(409, "There is a room of this name.");
            if (ofDevice.getOrDefault(device, 0) >= bounds.roomsOfDevice)
                throw new WebException(429, "This device has as many rooms as it may.", RETRY_SECONDS);
            if (rooms.size() >= bounds.rooms) throw new WebException(503, "All rooms are taken.", RETRY_SECONDS);
            rooms.put(name, room);
            ofDevice.merge(device, 1, Integer::sum);
        }
        later.run(bounds.alone, room::endUnlessFull);
    }

    private static ByteBuffer key(byte[] bytes, int from) {
        return ByteBuffer.allocate(NAME_BYTES).put(bytes, from, NAME_BYTES).flip();
    }

    /// Rooms open now.
    public int size() {
        synchronized (rooms) {
            return rooms.size();
        }
    }

    @Override
    public WebSocket.Listener open(WebSocket socket) {
        var permit = bounds.unnamed.take(socket.remote().getAddress());
        var end = new End(socket, permit);
        if (permit.isEmpty()) end.refuse("too many");
        else end.schedule();
        return end;
    }

    @Override
    public void close() {
        stop.run();
    }

    /// Two places, each taken once.
    private final class Room {
        private final ByteBuffer name;
        private final String device;
        private final long since = clock.millis();
        private Optional<End> agent = Optional.empty(), page = Optional.empty();

        Room(ByteBuffer name, String device) {
            this.name = name;
            this.device = device;
        }

        boolean full() {
            return agent.isPresent() && page.isPresent();
        }

        void endUnlessFull() {
            synchronized (rooms) {
                if (!full()) end(GOODBYE, "time is up");
            }
        }

        boolean isLong() {
            return clock.millis() - since > bounds.together.toMillis();
        }

        // Both ends go, and nobody finds it again.
        void end(int code, String reason) {
            if (!rooms.remove(name, this)) return;
            ofDevice.computeIfPresent(device, (_, n) -> n == 1 ? null : n - 1);
            agent.ifPresent(end -> end.leave(code, reason));
            page.ifPresent(end -> end.leave(code, reason));
            // What is timed for it may hold it for hours, and its sockets must not be held with it.
            agent = Optional.empty();
            page = Optional.empty();
        }
    }

    private final class End implements WebSocket.Listener {
        private final WebSocket socket;
        private final Optional<Permits.Permit> permit;
        private Optional<Room> room = Optional.empty();
        private boolean over, agent, answered = true;
        private double credit = bounds.burst;
        private long at = clock.millis();

        End(WebSocket socket, Optional<Permits.Permit> permit) {
            this.socket = socket;
            this.permit = permit;
        }

        void schedule() {
            later.run(bounds.hello, this::hurry);
            later.run(PING, this::ping);
        }

        private void hurry() {
            synchronized (rooms) {
                if (room.isEmpty()) refuse("which room?");
            }
        }

        private void ping() {
            synchronized (rooms) {
                if (over) return;
                answered = false;
            }
            socket.ping();
            later.run(ANSWER, this::judge);
        }

        private void judge() {
            synchronized (rooms) {
                if (over) return;
                if (!answered || room.filter(Room::isLong).isPresent()) {
                    gone(answered ? "time is up" : "no answer to a ping");
                    return;
                }
            }
            later.run(PING.minus(ANSWER), this::ping);
        }

        @Override
        public void message(byte[] message) {
            synchronized (rooms) {
                if (over) return;
                if (room.isEmpty()) enter(message);
                else pass(message, room.get());
            }
        }

        // One byte for the place, then the name of the room.
        private void enter(byte[] message) {
            boolean understood = message.length == 1 + NAME_BYTES && (message[0] == 'a' || message[0] == 'p');
            Optional<Room> found =
                    understood ? Optional.ofNullable(rooms.get(key(message, 1))) : Optional.<Room>empty();
            agent = understood && message[0] == 'a';
            // The same words whether there is none or the place is taken.
            if (found.isEmpty() || (agent ? found.get().agent : found.get().page).isPresent()) {
                refuse("no such room");
                return;
            }
            room = found;
            permit.ifPresent(Permits.Permit::close);
            if (agent) found.get().agent = Optional.of(this);
            else found.get().page = Optional.of(this);
            if (!found.get().full()) return;
            socket.send(JOINED);
            other(found.get()).ifPresent(end -> end.socket.send(JOINED));
        }

        private Optional<End> other(Room in) {
            return agent ? in.page : in.agent;
        }

        private void pass(byte[] frame, Room in) {
            long now = clock.millis();
            credit = Math.min(bounds.burst, credit + Math.max(0, now - at) * bounds.perSecond / 1000);
            at = now;
            credit -= 1 + frame.length / 1024.0;
            if (frame.length > bounds.frameBytes) in.end(TOO_BIG, "frame too long");
            else if (!in.full()) in.end(REFUSED, "nobody is there yet");
            else if (credit < 0) in.end(REFUSED, "too fast");
            else other(in).ifPresent(end -> end.socket.send(frame));
        }

        @Override
        public void pong() {
            synchronized (rooms) {
                answered = true;
            }
        }

        @Override
        public void closed() {
            synchronized (rooms) {
                gone("the other end left");
            }
        }

        private void gone(String reason) {
            if (over) return;
            if (room.isPresent()) room.get().end(GOODBYE, reason);
            leave(GOODBYE, reason);
        }

        void refuse(String reason) {
            synchronized (rooms) {
                leave(REFUSED, reason);
            }
        }

        private void leave(int code, String reason) {
            if (over) return;
            over = true;
            permit.ifPresent(Permits.Permit::close);
            socket.close(code, reason);
        }
    }
}
