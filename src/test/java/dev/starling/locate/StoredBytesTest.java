package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht;
import dev.starling.record.Kind;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What whoever holds the store's disk can read in it: docs/privacy.md.
class StoredBytesTest {
    @Test
    void nothingInTheFilesOfTheStoreTellsOfAnybody(@TempDir Path folder) throws Exception {
        var bytes = new StringBuilder();
        var secrets =
                new ArrayList<>(List.of("bob@example.net", "example.net", "bob", "sip:", "192.0.2.1", "a device"));
        try (var world = new World(folder)) {
            var bob = world.device("bob@example.net");
            var phone = world.device("bob@example.net");
            world.enrol(bob, phone);
            world.publish(bob, Kind.LOCATION, world.location(bob, "sip:192.0.2.1:5061;transport=tls", ""));
            world.revoke(bob, phone);
            for (var device : List.of(bob, phone)) {
                secrets.add(device.id().hex());
                secrets.add(new String(device.id().bytes(), StandardCharsets.ISO_8859_1));
                secrets.add(new String(device.publicKey().getEncoded(), StandardCharsets.ISO_8859_1));
            }
            var values = new ArrayList<Dht.Value>();
            for (Kind kind : List.of(Kind.CERT, Kind.DEVICES, Kind.LOCATION, Kind.REVOKED))
                world.dht.lookup(world.place(kind).hexKey(), Dht.Limits.USUAL, value -> !values.add(value));
            assertTrue(values.size() == 5, values.size() + " values");
            for (var value : values)
                assertTrue(Integer.bitCount(value.data().length) == 1, value.data().length + " bytes");
        }
        try (var files = Files.list(folder)) {
            for (Path file : files.toList())
                bytes.append(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
        }
        String all = bytes.toString();
        assertTrue(all.length() > 5 * 1024, "the store is on the disk");
        for (String secret : secrets) {
            byte[] raw = secret.getBytes(StandardCharsets.ISO_8859_1);
            assertFalse(all.contains(secret), secret);
            assertFalse(all.toLowerCase(Locale.ROOT).contains(HexFormat.of().formatHex(raw)), secret + " in hex");
            if (raw.length > 6)
                assertFalse(all.contains(Base64.getEncoder().withoutPadding().encodeToString(raw)), secret);
        }
    }
}
