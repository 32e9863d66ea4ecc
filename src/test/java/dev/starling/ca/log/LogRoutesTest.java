package dev.starling.ca.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.identity.log.LogReader;
import dev.starling.identity.log.Tile;
import dev.starling.web.InProcess;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The log over HTTP: C2SP tlog-tiles.
class LogRoutesTest {
    private final MemoryLog store = new MemoryLog();
    private final Routes routes = new Routes();

    LogRoutesTest() {
        new LogRoutes(store).mount(routes, "/log", handler -> handler);
    }

    private Response get(String path) throws IOException {
        return InProcess.answer(
                routes, new Request("GET", path, "", Map.of(), new byte[0], InetAddress.getLoopbackAddress()));
    }

    @Test
    void theHeadIsKeptForAMomentTilesForGoodAndWhatIsNotThereNotAtAll() throws Exception {
        assertEquals(404, get("/log/checkpoint").status());
        Logs.publish(new Log(Logs.LOG, store), Logs.entries(0, 300));
        Response head = get("/log/checkpoint");
        assertEquals(200, head.status());
        assertEquals("text/plain; charset=utf-8", head.headers().get("content-type"));
        assertEquals("public, max-age=3", head.headers().get("cache-control"));
        assertArrayEquals(store.checkpoint(), head.body());
        for (String path :
                List.of("0/000", "0/001.p/44", "0/001.p/1", "1/000.p/1", "entries/000", "entries/001.p/44")) {
            Response tile = get("/log/tile/" + path);
            assertEquals(200, tile.status(), path);
            assertEquals("application/octet-stream", tile.headers().get("content-type"));
            assertEquals("public, max-age=31536000, immutable", tile.headers().get("cache-control"));
            assertArrayEquals(store.tile(Tile.parse("tile/" + path).orElseThrow()), tile.body());
        }
        for (String path :
                List.of("0/001", "0/001.p/45", "0/002.p/1", "1/000", "2/000.p/1", "entries/001", "0/0", "a")) {
            Response absent = get("/log/tile/" + path);
            assertEquals(404, absent.status(), path);
            assertEquals("no-store", absent.headers().get("cache-control"), path);
        }
    }

    @Test
    void aWholeLogIsAuditedOverIt() throws Exception {
        Logs.publish(new Log(Logs.LOG, store), Logs.entries(0, 600));
        var reader = new LogReader() {
            @Override
            public byte[] checkpoint() throws IOException {
                return body("/log/checkpoint");
            }

            @Override
            public byte[] tile(Tile tile) throws IOException {
                return body("/log/" + tile.path());
            }

            private byte[] body(String path) throws IOException {
                Response response = get(path);
                if (response.status() != 200) throw new FileNotFoundException(path);
                return response.body();
            }
        };
        Audit.Report report = Audit.run(reader, Logs.POLICY, List.of(), _ -> {});
        assertEquals(List.of(), report.findings());
        assertEquals(600, report.entries());
    }
}
