package dev.starling.agent;

import dev.starling.cms.Body;
import dev.starling.cms.Content;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.locate.LocationService;
import dev.starling.sip.message.SipException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Writes to the devices of somebody: sealed for each, along its ways (docs/protocols/sip.md, section 6). What none
/// takes is not kept here: the sender is told.
final class Post {
    private static final String TYPE = "application/pkcs7-mime; smime-type=authEnveloped-data";
    private static final Duration HEDGE = Duration.ofMillis(300), PATIENCE = Duration.ofSeconds(8);
    private static final SecureRandom RANDOM = new SecureRandom();

    private final UserAgent ua;
    private final Clock clock;
    private final AtomicLong last = new AtomicLong();

    Post(UserAgent ua, Clock clock) {
        this.ua = ua;
        this.clock = clock;
    }

    /// What became of a message: the devices that said, signed, that they have it, of those that were tried.
    record Sent(byte[] message, long sent, List<DeviceId> taken, int tried) {}

    /// To each of `devices` at once; returns when each has it, or cannot be reached.
    Sent send(Address to, List<LocationService.Device> devices, Content content, Optional<byte[]> token)
            throws InterruptedException {
        byte[] message = new byte[Body.ID_BYTES];
        RANDOM.nextBytes(message);
        // Strictly rising: by it the messages of a sender are ordered.
        long sent =
                last.updateAndGet(before -> Math.max(before + 1, clock.instant().toEpochMilli()));
        var taken = new ArrayList<DeviceId>();
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            var tries = new ArrayList<Future<Boolean>>();
            for (var device : devices)
                tries.add(all.submit(() ->
                        isTaken(new Body(message, sent, ua.us().address(), to, device.id(), content), device, token)));
            for (int i = 0; i < tries.size(); i++)
                if (tries.get(i).get()) taken.add(devices.get(i).id());
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
        return new Sent(message, sent, taken, devices.size());
    }

    private boolean isTaken(Body body, LocationService.Device device, Optional<byte[]> token)
            throws InterruptedException, IdentityException, SipException {
        var certificate = device.certificate().orElseThrow().leaf();
        byte[] cms = body.seal(ua.us().device(), certificate, clock.instant());
        var request = Outgoing.to("MESSAGE", device.id().gruu(body.to()))
                .body(TYPE, cms)
                .token(token);
        var answers = new LinkedBlockingQueue<UserAgent.Answer>();
        int waiting = 0;
        for (var way : Ways.to(device, ua.home().id())) {
            ua.send(request, way, answer -> {
                if (answer.status() >= 200) answers.add(answer);
            });
            waiting++;
            var answer = Optional.ofNullable(answers.poll(HEDGE.toMillis(), TimeUnit.MILLISECONDS));
            if (answer.isPresent()) waiting--;
            if (answer.map(Post::isGenuine).orElse(false)) return true;
        }
        long end = System.nanoTime() + PATIENCE.toNanos();
        for (; waiting > 0; waiting--) {
            var answer = Optional.ofNullable(answers.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS));
            if (answer.isEmpty()) return false;
            if (answer.map(Post::isGenuine).orElse(false)) return true;
        }
        return false;
    }

    // Every other answer is only what some peer says.
    private static boolean isGenuine(UserAgent.Answer answer) {
        return answer.status() == 200 && answer.signer().isPresent();
    }

    /// The devices of somebody that may be written to.
    static List<LocationService.Device> devices(LocationService location, Address address) throws DhtException {
        return location.find(address) instanceof LocationService.Found found ? found.verified() : List.of();
    }
}
