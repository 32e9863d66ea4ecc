package dev.starling.identity.log;

import java.io.IOException;

/// A whole log, read from wherever it is. What it gives is not believed.
public interface LogReader extends TileSource {
    /// The newest signed head.
    byte[] checkpoint() throws IOException;
}
