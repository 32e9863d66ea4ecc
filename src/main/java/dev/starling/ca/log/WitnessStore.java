package dev.starling.ca.log;

import java.io.IOException;
import java.util.Optional;

/// What a witness remembers of each log: the newest head that it cosigned. What [#replace] answered survives a crash.
public interface WitnessStore {
    /// The checkpoint of the log with this origin; empty when there is none.
    Optional<byte[]> latest(String origin) throws IOException;

    /// Puts `fresh` in the place of `old`, in one step.
    ///
    /// @param old what [#latest] gave
    /// @return false, and nothing is changed, when another one is there by now
    boolean replace(String origin, Optional<byte[]> old, byte[] fresh) throws IOException;
}
