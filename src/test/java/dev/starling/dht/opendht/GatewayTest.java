package dev.starling.dht.opendht;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.dht.Dht;
import dev.starling.dht.remote.RemoteDht;
import dev.starling.gate.StoreServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A peer that stores for other peers, and itself in OpenDHT: what they put for a day is put again from here before
/// the nodes forget it.
class GatewayTest {
    @Test
    void whatAnotherPeerPutsForADayOutlivesTheNodesMemory(@TempDir Path folder) throws Exception {
        var fakes = new Fakes(folder);
        var proxy = fakes.proxy();
        try (var server = new StoreServer(fakes.dht(proxy), folder, StoreServer.JOIN);
                var other = new RemoteDht(server.base(), server.otherPeer(server.devices.peer(), StoreServer.JOIN))) {
            other.put(Fakes.KEY, Fakes.value(5, "a", "for a day"), Duration.ofHours(20));
            assertEquals(1, server.publications.size());
            assertEquals(List.of("for a day"), Fakes.all(other));
            var ids = new java.util.ArrayList<Long>();
            other.lookup(Fakes.KEY, Dht.Limits.USUAL, v -> !ids.add(v.id()));
            assertEquals(List.of(5L), ids);
            other.put(Fakes.KEY, Fakes.value(5, "a", "changed"), Duration.ofHours(20));
            assertEquals(List.of("changed"), Fakes.all(other));
            other.put(Fakes.KEY, Fakes.value(5, "a", "for a moment"), Duration.ofMinutes(5));
            assertEquals(List.of("for a moment"), Fakes.all(other));
            assertEquals(1, server.publications.size());
        } finally {
            fakes.close();
        }
    }

    @Test
    void whatAnotherPeerTakesBackIsGoneAndNotPutAgain(@TempDir Path folder) throws Exception {
        var fakes = new Fakes(folder);
        var proxy = fakes.proxy();
        try (var server = new StoreServer(fakes.dht(proxy), folder, StoreServer.JOIN);
                var other = new RemoteDht(server.base(), server.otherPeer(server.devices.peer(), StoreServer.JOIN));
                var third = new RemoteDht(server.base(), server.otherPeer(server.devices.peer(), StoreServer.JOIN))) {
            other.put(Fakes.KEY, Fakes.value(5, "a", "for a week"), Duration.ofDays(8));
            third.put(Fakes.KEY, Fakes.value(5, "a", "somebody else's"), Duration.ofDays(8));
            other.put(Fakes.KEY, Fakes.value(5, "b", "another user's"), Duration.ofDays(8));
            other.remove(Fakes.KEY, Dht.Owner.local("a"), 5);
            assertEquals(
                    List.of("another user's", "somebody else's"),
                    Fakes.all(other).stream().sorted().toList());
            assertEquals(2, server.publications.size());
        } finally {
            fakes.close();
        }
    }
}
