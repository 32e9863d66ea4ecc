package dev.starling.media;

import dev.starling.media.MediaException.Reason;
import dev.starling.nat.turn.Interfaces;
import java.io.IOException;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// All bridges of a peer: their bounds, their timers and what they share.
public final class Bridges implements AutoCloseable {
    private static final Duration IDENTITY_FOR = Duration.ofDays(1);

    private final MediaConfig config;
    private final Counters counters = new Counters();
    private final SecureRandom random = new SecureRandom();
    private final Map<InetAddress, InetAddress> binds = new HashMap<>();
    private final ScheduledThreadPoolExecutor timers;
    private final Set<Bridge> bridges = new HashSet<>();
    private final Map<String, Integer> ofAccount = new HashMap<>();
    private Optional<DtlsIdentity> identity = Optional.empty();
    private boolean isClosed;

    public Bridges(MediaConfig config) throws IOException {
        this.config = config;
        for (InetAddress each : config.addresses()) binds.put(each, Interfaces.at(each));
        timers = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("media timers").factory());
        timers.setRemoveOnCancelPolicy(true);
    }

    /// Calls itself once, on this thread: the first call of a JVM takes seconds otherwise, while one waits for it. Not
    /// counted. Whether it heard itself, within ten seconds.
    public boolean warm() {
        var here = List.of(InetAddress.getLoopbackAddress());
        return WarmUp.run(new MediaConfig(here, config.phonePorts(), config.webPorts(), _ -> true, MediaLimits.USUAL));
    }

    /// Whether a description is one of ICE and DTLS-SRTP already: such phones need no bridge, their descriptions go
    /// from
    /// end to end untouched.
    public static boolean isWeb(byte[] sdp) {
        try {
            Sound sound = Sound.of(sdp, WebLeg::isProtocol);
            return sound.attribute("fingerprint").isPresent()
                    && sound.attribute("ice-ufrag").isPresent();
        } catch (MediaException e) {
            return false;
        }
    }

    /// A call by a phone. Throws: NO_COMMON_CODEC, NOT_ACCEPTABLE, INSECURE, MALFORMED, FULL
    public Bridge fromPhone(Phone phone, byte[] offer) throws MediaException {
        return make(phone.account(), bridge -> new PhoneLeg(bridge, phone), offer);
    }

    /// A call by a browser. account: whose phone is called, who is charged with it
    public Bridge fromWeb(String account, byte[] offer) throws MediaException {
        return make(account, bridge -> new WebLeg(bridge, false), offer);
    }

    private Bridge make(String account, Bridge.Making making, byte[] offer) throws MediaException {
        reserve(account);
        Bridge bridge;
        try {
            bridge = new Bridge(this, account, making, offer);
        } catch (MediaException e) {
            release(account);
            counters.refused.increment();
            throw e;
        }
        synchronized (this) {
            bridges.add(bridge);
            counters.bridges.increment();
            if (!isClosed) return bridge;
        }
        bridge.close();
        throw new MediaException(Reason.ENDED, "closed");
    }

    private synchronized void reserve(String account) throws MediaException {
        if (isClosed) throw new MediaException(Reason.ENDED, "closed");
        int all = ofAccount.values().stream().mapToInt(Integer::intValue).sum();
        int his = ofAccount.getOrDefault(account, 0);
        if (all >= config.limits().bridges() || his >= config.limits().bridgesOfAccount()) {
            counters.refused.increment();
            throw new MediaException(Reason.FULL, "too many calls at once");
        }
        ofAccount.put(account, his + 1);
    }

    private synchronized void release(String account) {
        ofAccount.merge(account, -1, Integer::sum);
        ofAccount.remove(account, 0);
    }

    void ended(Bridge bridge, End why) {
        counters.ended(why);
        synchronized (this) {
            bridges.remove(bridge);
        }
        release(bridge.account());
    }

    /// How many there are now.
    public synchronized int size() {
        return bridges.size();
    }

    public Counters counters() {
        return counters;
    }

    MediaConfig config() {
        return config;
    }

    SecureRandom random() {
        return random;
    }

    /// A new one each day: certificates tell calls apart, and should not tell whose they are for long.
    synchronized DtlsIdentity identity() {
        Instant oldest = Instant.now().minus(IDENTITY_FOR);
        DtlsIdentity today =
                identity.filter(each -> each.since().isAfter(oldest)).orElseGet(DtlsIdentity::make);
        identity = Optional.of(today);
        return today;
    }

    /// The one of ours that is of the same family.
    InetAddress addressFor(InetAddress other) throws MediaException {
        return config.addresses().stream()
                .filter(each -> each.getAddress().length == other.getAddress().length)
                .findFirst()
                .orElseThrow(() -> new MediaException(Reason.NOT_ACCEPTABLE, "no address of that family here"));
    }

    InetAddress bindFor(InetAddress address) {
        return binds.getOrDefault(address, address);
    }

    ScheduledFuture<?> after(long millis, Runnable what) {
        return timers.schedule(what, millis, TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        Set<Bridge> all;
        synchronized (this) {
            isClosed = true;
            all = Set.copyOf(bridges);
        }
        all.forEach(Bridge::close);
        timers.shutdownNow();
    }
}
