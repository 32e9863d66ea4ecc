package dev.starling.agent;

import dev.starling.cms.Content;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/// What the devices of this person share: each keeps all of it, the later version of each entry stays
/// (docs/protocols/formats.md, section 10). This device changes nothing of it.
final class OwnEntries {
    private static final int MAX = 6_000, MAX_HASHES = 4_096;
    private static final long AHEAD_MILLIS = 600_000;
    private static final String CONTACT = "contact ", BLOCKED = "blocked ", RING = "setting strangersRing";

    private final AgentStore store;
    private final Clock clock;
    private final Map<String, Content.Entry> entries = new TreeMap<>();

    OwnEntries(AgentStore store, Clock clock) throws IOException {
        this.store = store;
        this.clock = clock;
        for (var entry : store.entries()) entries.put(entry.name(), entry);
    }

    /// What another device holds becomes ours where it is later; says whether anything did.
    synchronized boolean merge(Collection<Content.Entry> offered) throws IOException {
        boolean changed = false;
        for (var entry : offered) {
            var old = Optional.ofNullable(entries.get(entry.name()));
            boolean late = old.map(each -> wins(entry, each)).orElse(entries.size() < MAX);
            if (!late || entry.time() > clock.instant().toEpochMilli() + AHEAD_MILLIS) continue;
            store.put(entry);
            entries.put(entry.name(), entry);
            changed = true;
        }
        return changed;
    }

    /// The later one; at the same time what was taken away, then the larger bytes: the same on every device.
    static boolean wins(Content.Entry a, Content.Entry b) {
        if (a.time() != b.time()) return a.time() > b.time();
        if (a.value().length == 0 || b.value().length == 0) return a.value().length == 0 && b.value().length > 0;
        return Arrays.compareUnsigned(a.value(), b.value()) > 0;
    }

    synchronized List<Content.Entry> all() {
        return List.copyOf(entries.values());
    }

    synchronized Optional<Person> contact(Address address) {
        return value(CONTACT + address).flatMap(OwnEntries::person);
    }

    synchronized boolean isBlocked(Address address) {
        return value(BLOCKED + address).isPresent();
    }

    boolean strangersRing() {
        return flag(RING);
    }

    private synchronized boolean flag(String name) {
        try {
            var value = value(name);
            return value.isPresent() && Cbor.decodeMap(value.get()).flag(1);
        } catch (IdentityException e) {
            return false;
        }
    }

    /// The `friends` entry, which goes along with what another device said: the key, and its version.
    synchronized void friends(BiConsumer<byte[], Long> taker) {
        try {
            var value = value("friends");
            if (value.isEmpty()) return;
            CborMap map = Cbor.decodeMap(value.get());
            taker.accept(map.bytes(1, 32, 32), map.number(2, 0, 1L << 50));
        } catch (IdentityException e) {
            System.getLogger("starling.agent").log(System.Logger.Level.DEBUG, () -> "friends key: " + e.reason());
        }
    }

    /// What a peer is told of whom this device lets through (docs/protocols/sip.md, section 4): hashes only.
    synchronized byte[] consent() {
        var tokens = new ArrayList<byte[]>();
        var blocked = new ArrayList<byte[]>();
        for (var entry : entries.values()) {
            if (entry.value().length == 0) continue;
            if (entry.name().startsWith(CONTACT))
                person(entry.value())
                        .filter(person -> person.state() != Person.State.REMOVED)
                        .ifPresent(person -> tokens.add(DeviceId.sha256(person.ours())));
            else if (entry.name().startsWith(BLOCKED))
                blocked.add(
                        DeviceId.sha256(entry.name().substring(BLOCKED.length()).getBytes(StandardCharsets.UTF_8)));
        }
        return Cbor.encode(new CborMap()
                .with(1, tokens.stream().limit(MAX_HASHES).toList())
                .with(2, strangersRing())
                .with(3, blocked.stream().limit(MAX_HASHES).toList()));
    }

    private Optional<byte[]> value(String name) {
        return Optional.ofNullable(entries.get(name)).map(Content.Entry::value).filter(value -> value.length > 0);
    }

    private static Optional<Person> person(byte[] value) {
        try {
            return Optional.of(Person.read(value));
        } catch (IdentityException e) {
            // A newer version of us may know it: kept, and passed over.
            return Optional.empty();
        }
    }
}
