package dev.starling.identity.log;

import java.io.IOException;

/// Where tiles come from. What it gives is not believed.
public interface TileSource {
    /// Just what the tile holds: of a wider one that is there the first `width` entries or hashes.
    byte[] tile(Tile tile) throws IOException;
}
