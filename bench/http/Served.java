import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.embedded.Bounds;
import dev.starling.dht.embedded.EmbeddedDht;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.Random;

/// What both servers serve: a file of the app from memory, and a look-up in our store. Only the server around it differs.
final class Served {
    static final String KEY = "5a".repeat(20);
    private static final int FILE_BYTES = 8 * 1024, VALUES = 4, VALUE_BYTES = 1024;

    final byte[] file = new byte[FILE_BYTES];
    private final EmbeddedDht dht;

    Served() throws Exception {
        new Random(1).nextBytes(file);
        dht = new EmbeddedDht(
                Files.createTempDirectory("bench-http").resolve("dht.db"), Bounds.USUAL, Clock.systemUTC());
        for (int i = 0; i < VALUES; i++)
            dht.put(KEY, new Dht.Value(i, Dht.Owner.local("user" + i), new byte[VALUE_BYTES]), Duration.ofHours(1));
    }

    byte[] lookup(String key) throws DhtException {
        var lines = new ByteArrayOutputStream();
        dht.lookup(key, Dht.Limits.USUAL, value -> {
            String line = "{\"id\":\"" + value.id() + "\",\"data\":\""
                    + Base64.getEncoder().encodeToString(value.data()) + "\"}\n";
            lines.writeBytes(line.getBytes(StandardCharsets.US_ASCII));
            return false;
        });
        return lines.toByteArray();
    }
}
