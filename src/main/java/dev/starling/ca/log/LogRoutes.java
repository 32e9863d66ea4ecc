package dev.starling.ca.log;

import dev.starling.identity.log.Tile;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// The log over HTTP, as C2SP tlog-tiles lays it out: files that anybody can copy and keep.
public final class LogRoutes {
    // What was written once is never changed; the head is.
    private static final String FOR_GOOD = "public, max-age=31536000, immutable";
    private static final String FOR_A_MOMENT = "public, max-age=3";
    private static final String NOT_AT_ALL = "no-store";

    private final LogStore store;

    public LogRoutes(LogStore store) {
        this.store = store;
    }

    /// @param prefix where the log lies, without a slash at the end
    /// @param guard what stands before each answer
    public void mount(Routes routes, String prefix, UnaryOperator<Routes.Handler> guard) {
        routes.get(prefix + "/checkpoint", guard.apply(_ -> checkpoint()));
        routes.get(prefix + "/tile/", guard.apply(request -> tile(request.path().substring(prefix.length() + 1))));
    }

    private Response checkpoint() throws IOException {
        Optional<byte[]> checkpoint = store.released();
        if (checkpoint.isEmpty()) return absent("The log has no head yet.");
        return Response.of(200, "text/plain; charset=utf-8", checkpoint.get()).with("cache-control", FOR_A_MOMENT);
    }

    private Response tile(String path) throws IOException {
        Optional<Tile> tile = Tile.parse(path);
        if (tile.isEmpty()) return absent("That is not the path of a tile.");
        try {
            return Response.of(200, "application/octet-stream", new StoredTiles(store).tile(tile.get()))
                    .with("cache-control", FOR_GOOD);
        } catch (FileNotFoundException e) {
            return absent("The log is not that long yet.");
        }
    }

    // It may be there in a moment.
    private static Response absent(String why) {
        return Response.problem(404, why).with("cache-control", NOT_AT_ALL);
    }
}
