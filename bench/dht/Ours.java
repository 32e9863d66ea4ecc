import dev.starling.dht.Dht;
import dev.starling.dht.opendht.OpenDht;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;

/// The engine as a peer opens it.
final class Ours {
    private Ours() {}

    static Dht open(List<URI> proxies, Path folder) throws IOException {
        return new OpenDht(proxies, folder.resolve("slot.p12"), Clock.systemUTC(), OpenDht.Patience.USUAL);
    }
}
