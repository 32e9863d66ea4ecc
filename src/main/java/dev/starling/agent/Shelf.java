package dev.starling.agent;

import dev.starling.identity.DeviceId;
import dev.starling.record.Rendezvous;
import java.io.IOException;
import java.time.Instant;

/// Where a device's records are put, and kept alive until they expire.
public interface Shelf {
    /// @param record signed, to be sealed for `place`
    void put(Rendezvous place, DeviceId device, byte[] record, Instant expires) throws IOException;
}
