package dev.starling.locate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.identity.Address;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.CborMap;
import dev.starling.record.Bodies;
import dev.starling.record.Kind;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who says which peers a domain recommends: formats.md, section 6.
class RecommendedPeersTest {
    private static final Address PEERS = new Address("peers@example.net");

    private static Optional<CborMap> body(String... hosts) {
        var list = java.util.Arrays.stream(hosts)
                .map(host -> (Object) new CborMap()
                        .with(1, "sip:" + host + ":5061;transport=tls")
                        .with(2, new byte[32])
                        .with(3, "https://" + host + "/"))
                .toList();
        return Optional.of(new CborMap().with(1, list));
    }

    private static void put(World world, Keys.Held by, Address address, long sequence, Optional<CborMap> body)
            throws Exception {
        world.putFor(PEERS, Kind.PEERS, world.record(by, Kind.PEERS, address, sequence, body));
    }

    private static List<String> hosts(World world) throws Exception {
        return world.service(false).recommended("example.net").stream()
                .map(Bodies.PeerPlace::uri)
                .toList();
    }

    @Test
    void theDomainsOwnNewestWordCountsAndNoOtherAndNoPrivatePlace(@TempDir Path folder) throws Exception {
        try (var world = new World(folder)) {
            var operator = world.device("peers@example.net");
            var mallory = world.device("mallory@example.net");
            put(world, operator, PEERS, 1, body("192.0.2.9"));
            put(world, operator, PEERS, 2, body("192.0.2.1", "10.0.0.1", "192.0.2.2"));
            put(world, mallory, PEERS, 3, body("198.51.100.66"));
            put(world, mallory, new Address("mallory@example.net"), 3, body("198.51.100.66"));
            assertEquals(List.of("sip:192.0.2.1:5061;transport=tls", "sip:192.0.2.2:5061;transport=tls"), hosts(world));
            put(world, operator, PEERS, 4, Optional.empty());
            assertEquals(List.of(), hosts(world));
        }
    }
}
