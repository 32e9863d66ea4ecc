package dev.starling.dht;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.dht.Dht.Limits;
import dev.starling.dht.Dht.Owner;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// What an engine must do besides that knows who put what: a store of ours. Nodes of a foreign DHT do not know.
public abstract class StoreContract extends DhtContract {
    @Test
    void afterAFloodByOneWriterTheGenuineValueStandsInFront() throws DhtException {
        dht().put(KEY, value(7, "a", "genuine"), HOUR);
        var refused = assertThrows(DhtException.class, () -> {
            for (int i = 0; i < 2000; i++)
                dht().put(KEY, new Dht.Value(i, Owner.local("flood"), new byte[Dht.MAX_VALUE_BYTES]), HOUR);
        });
        assertEquals(429, refused.status());
        assertTrue(served(new Limits(Duration.ofSeconds(5), 2, 1 << 20)).contains("genuine"));
    }
}
