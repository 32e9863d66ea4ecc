package dev.starling.proxy;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.cbor.Cbor;
import dev.starling.identity.cbor.CborMap;
import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Whom each device lets through: hashes of contact tokens, whether strangers may ring, whom it blocked
/// (docs/protocols/sip.md, section 4). Durable.
public final class ConsentStore implements AutoCloseable {
    private static final int MAX_HASHES = 4096;
    private static final int MAX_DEVICES = 100_000;

    /// One device's consent.
    record Consent(List<?> tokens, boolean strangersRing, List<?> blocked) {
        static Consent parse(byte[] body) throws IdentityException {
            CborMap map = Cbor.decodeMap(body);
            for (long key : new long[] {1, 3})
                for (Object hash : map.list(key, 0, MAX_HASHES)) CborMap.bytes(hash, 32, 32);
            return new Consent(map.list(1, 0, MAX_HASHES), map.flag(2), map.list(3, 0, MAX_HASHES));
        }

        boolean knows(byte[] token) {
            return contains(tokens, DeviceId.sha256(token));
        }

        boolean blocks(Address address) {
            return contains(blocked, DeviceId.sha256(address.bytes()));
        }

        // Every entry is compared, in constant time each.
        private static boolean contains(List<?> hashes, byte[] hash) {
            boolean found = false;
            for (Object each : hashes) found |= each instanceof byte[] bytes && MessageDigest.isEqual(bytes, hash);
            return found;
        }
    }

    private static final Consent NONE = new Consent(List.of(), false, List.of());

    private final Connection db;
    private final Map<DeviceId, Consent> cache = new ConcurrentHashMap<>();

    public ConsentStore(Path file) throws IOException {
        try {
            db = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (var s = db.createStatement()) {
                s.execute("pragma journal_mode=wal");
                s.execute("pragma synchronous=normal");
                s.execute(
                        "create table if not exists consent (device text primary key, address text, body blob) without rowid");
            }
        } catch (SQLException e) {
            throw new IOException("cannot open " + file, e);
        }
    }

    void replace(Address address, DeviceId device, byte[] body) throws IdentityException, IOException {
        Consent parsed = Consent.parse(body);
        synchronized (db) {
            try (var s = db.prepareStatement("insert or replace into consent values (?, ?, ?)")) {
                s.setString(1, device.hex());
                s.setString(2, address.text());
                s.setBytes(3, body);
                s.executeUpdate();
            } catch (SQLException e) {
                throw new IOException("cannot store consent", e);
            }
        }
        if (cache.size() < MAX_DEVICES) cache.put(device, parsed);
        else cache.replace(device, parsed);
    }

    Consent of(DeviceId device) {
        Consent known = cache.get(device);
        if (known != null) return known;
        Optional<Consent> read = read(device);
        if (read.isPresent() && cache.size() < MAX_DEVICES) cache.put(device, read.get());
        return read.orElse(NONE);
    }

    private Optional<Consent> read(DeviceId device) {
        synchronized (db) {
            try (var s = db.prepareStatement("select body from consent where device = ?")) {
                s.setString(1, device.hex());
                try (var rows = s.executeQuery()) {
                    return rows.next() ? Optional.of(Consent.parse(rows.getBytes(1))) : Optional.empty();
                }
            } catch (SQLException | IdentityException e) {
                System.getLogger("starling.proxy").log(System.Logger.Level.WARNING, "consent cannot be read", e);
                return Optional.empty();
            }
        }
    }

    @Override
    public void close() {
        synchronized (db) {
            try {
                db.close();
            } catch (SQLException e) {
                System.getLogger("starling.proxy").log(System.Logger.Level.DEBUG, "closing", e);
            }
        }
    }
}
