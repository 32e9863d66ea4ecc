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
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Whom each device lets through: hashes of contact tokens, whether strangers may ring, whom it blocked
/// (docs/protocols/sip.md, section 4); and as whom each device has registered. Durable. Bounded for each address, and
/// in all: then the device not seen for longest is forgotten.
public final class ConsentStore implements AutoCloseable {
    private static final int MAX_HASHES = 4096, MAX_CACHED = 10_000;

    /// @param perAddress devices of one address, the longest that a device list can be
    record Bounds(int devices, int perAddress) {
        static final Bounds USUAL = new Bounds(200_000, 16);
    }

    /// One device's consent; empty `address`: the device has never been here.
    record Consent(
            Optional<Address> address, List<?> tokens, boolean strangersRing, List<?> blocked, boolean linesRing) {
        static Consent parse(Address address, byte[] body) throws IdentityException {
            CborMap map = Cbor.decodeMap(body);
            for (long key : new long[] {1, 3})
                for (Object hash : map.list(key, 0, MAX_HASHES)) CborMap.bytes(hash, 32, 32);
            return new Consent(
                    Optional.of(address),
                    map.list(1, 0, MAX_HASHES),
                    map.flag(2),
                    map.list(3, 0, MAX_HASHES),
                    map.has(4) && map.flag(4));
        }

        static Consent none(Optional<Address> address) {
            return new Consent(address, List.of(), false, List.of(), false);
        }

        boolean knows(byte[] token) {
            return contains(tokens, DeviceId.sha256(token));
        }

        boolean blocks(Address other) {
            return contains(blocked, DeviceId.sha256(other.bytes()));
        }

        // Every entry is compared, in constant time each.
        private static boolean contains(List<?> hashes, byte[] hash) {
            boolean found = false;
            for (Object each : hashes) found |= each instanceof byte[] bytes && MessageDigest.isEqual(bytes, hash);
            return found;
        }
    }

    private final Connection db;
    private final Bounds bounds;
    private final Clock clock;
    private final Map<DeviceId, Consent> cache = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<DeviceId, Consent> eldest) {
            return size() > MAX_CACHED;
        }
    };

    public ConsentStore(Path file, Clock clock) throws IOException {
        this(file, Bounds.USUAL, clock);
    }

    ConsentStore(Path file, Bounds bounds, Clock clock) throws IOException {
        this.bounds = bounds;
        this.clock = clock;
        try {
            db = DriverManager.getConnection("jdbc:sqlite:" + file);
            try (var s = db.createStatement()) {
                s.execute("pragma journal_mode=wal");
                s.execute("pragma synchronous=normal");
                s.execute(
                        "create table if not exists device"
                                + " (id text primary key, address text not null, seen integer not null, consent blob) without rowid");
                s.execute("create index if not exists device_address on device (address, seen)");
                s.execute("create index if not exists device_seen on device (seen)");
            }
        } catch (SQLException e) {
            throw new IOException("cannot open " + file, e);
        }
    }

    /// The device has registered as `address`.
    synchronized void registered(Address address, DeviceId device) throws IOException {
        if (of(device).address().equals(Optional.of(address))) return;
        write(address, device, Optional.empty());
    }

    /// What the device wants from now on, in place of all before.
    synchronized void replace(Address address, DeviceId device, byte[] body) throws IdentityException, IOException {
        Consent.parse(address, body);
        write(address, device, Optional.of(body));
    }

    /// Names what the device wants now; empty when it never said.
    synchronized Optional<String> tag(DeviceId device) {
        try (var s = db.prepareStatement("select consent from device where id = ? and consent is not null")) {
            s.setString(1, device.hex());
            try (var rows = s.executeQuery()) {
                return rows.next() ? Optional.of(Publication.tag(rows.getBytes(1))) : Optional.empty();
            }
        } catch (SQLException e) {
            System.getLogger("starling.proxy").log(System.Logger.Level.WARNING, "consent cannot be read", e);
            return Optional.empty();
        }
    }

    private void write(Address address, DeviceId device, Optional<byte[]> body) throws IOException {
        boolean fresh = of(device).address().isEmpty();
        cache.remove(device);
        try (var s = db.prepareStatement("insert or replace into device values (?, ?, ?, ?)")) {
            s.setString(1, device.hex());
            s.setString(2, address.text());
            s.setLong(3, clock.millis());
            if (body.isPresent()) s.setBytes(4, body.get());
            else s.setNull(4, Types.BLOB);
            s.executeUpdate();
            if (!fresh) return;
            forget("where address = ?", address.text(), bounds.perAddress);
            forget("where ? = ''", "", bounds.devices);
        } catch (SQLException e) {
            throw new IOException("cannot store consent", e);
        }
    }

    // Those seen longest ago, of more than `kept`.
    private void forget(String which, String parameter, int kept) throws SQLException {
        long surplus;
        try (var s = db.prepareStatement("select count(*) from device " + which)) {
            s.setString(1, parameter);
            try (var rows = s.executeQuery()) {
                surplus = rows.next() ? rows.getLong(1) - kept : 0;
            }
        }
        if (surplus <= 0) return;
        String oldest = "(select id from device " + which + " order by seen limit ?)";
        try (PreparedStatement s = db.prepareStatement("delete from device where id in " + oldest)) {
            s.setString(1, parameter);
            s.setLong(2, surplus);
            s.executeUpdate();
        }
        cache.clear();
    }

    synchronized Consent of(DeviceId device) {
        Consent known = cache.get(device);
        if (known != null) return known;
        Consent read = read(device);
        cache.put(device, read);
        return read;
    }

    private Consent read(DeviceId device) {
        try (var s = db.prepareStatement("select address, consent from device where id = ?")) {
            s.setString(1, device.hex());
            try (var rows = s.executeQuery()) {
                if (!rows.next()) return Consent.none(Optional.empty());
                var address = new Address(rows.getString(1));
                byte[] body = rows.getBytes(2);
                return body == null ? Consent.none(Optional.of(address)) : Consent.parse(address, body);
            }
        } catch (SQLException | IdentityException e) {
            System.getLogger("starling.proxy").log(System.Logger.Level.WARNING, "consent cannot be read", e);
            return Consent.none(Optional.empty());
        }
    }

    @Override
    public synchronized void close() {
        try {
            db.close();
        } catch (SQLException e) {
            System.getLogger("starling.proxy").log(System.Logger.Level.DEBUG, "closing", e);
        }
    }
}
