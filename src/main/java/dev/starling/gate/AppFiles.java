package dev.starling.gate;

import dev.starling.identity.DeviceId;
import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/// Serves the web app from the folder in which it is edited, under a strict content security policy (W3C CSP 3).
public final class AppFiles {
    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "mjs", "text/javascript; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "svg", "image/svg+xml",
            "png", "image/png",
            "json", "application/json",
            "pem", "text/plain; charset=utf-8",
            "webmanifest", "application/manifest+json");
    private static final List<String> VENDOR = List.of("preact", "htm", "@noble/hashes", "uqr");
    private static final Pattern PLAIN = Pattern.compile("(/[A-Za-z0-9_@][A-Za-z0-9_@.-]*)+");
    private static final Pattern IMPORT_MAP =
            Pattern.compile("<script type=\"importmap\">(.*?)</script>", Pattern.DOTALL);

    private record Kept(long modified, long size, byte[] bytes, byte[] zipped, String tag) {}

    private final Path client;
    private final boolean local;
    private final Map<Path, Kept> kept = new ConcurrentHashMap<>();

    /// @param client the folder with `core`, `web` and `node_modules`
    public AppFiles(Path client, boolean local) {
        this.client = client;
        this.local = local;
    }

    public void mount(Routes routes) {
        routes.get("/", request -> request.path().equals("/") ? page(request, "web/index.html") : missing());
        // The sound of a call that the add-on leads: docs/protocols/media.md.
        routes.get("/sound", request -> page(request, "web/media/sound.html"));
        routes.get("/web/", this::file);
        routes.get("/core/", this::file);
        routes.get("/vendor/", this::vendor);
        routes.get("/web/files.json", _ -> Response.json(200, list()));
        // A service worker governs the paths below its own, so it stands at the root.
        routes.get(
                "/sw.js",
                request -> answer(request, client.resolve("web/sw.js")).with("service-worker-allowed", "/"));
    }

    private static Response missing() throws WebException {
        throw new WebException(404, "There is nothing at this address.");
    }

    private Response page(Request request, String path) throws IOException, WebException {
        Path file = client.resolve(path);
        String html = Files.readString(file);
        return answer(request, file).with("content-security-policy", policy(html));
    }

    private String policy(String html) throws WebException {
        var map = IMPORT_MAP.matcher(html);
        if (!map.find()) throw new WebException(500, "The page has no import map.");
        String hash =
                Base64.getEncoder().encodeToString(DeviceId.sha256(map.group(1).getBytes(StandardCharsets.UTF_8)));
        String loopback = local ? " ws://127.0.0.1:* http://127.0.0.1:* ws://localhost:* http://localhost:*" : "";
        return "default-src 'none'; script-src 'self' 'sha256-" + hash
                + "'; style-src 'self'; img-src 'self' data: blob:;"
                + " media-src 'self' blob: mediastream:; connect-src 'self' wss: https:" + loopback
                + "; manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    }

    private Response file(Request request) throws IOException, WebException {
        // A page without its policy is none.
        if (!PLAIN.matcher(request.path()).matches() || request.path().endsWith(".html")) return missing();
        return answer(request, client.resolve(request.path().substring(1)));
    }

    private Response vendor(Request request) throws IOException, WebException {
        String path = request.path().substring("/vendor/".length());
        boolean known = VENDOR.stream().anyMatch(p -> path.startsWith(p + "/")) && path.matches(".*\\.m?js");
        if (!known || !PLAIN.matcher(request.path()).matches()) return missing();
        return answer(request, client.resolve("node_modules").resolve(path));
    }

    private Response answer(Request request, Path file) throws IOException, WebException {
        String name = String.valueOf(file.getFileName());
        String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
        if (type == null || !Files.isRegularFile(file)) return missing();
        Kept now = kept(file);
        boolean zip =
                request.header("accept-encoding").orElse("").contains("gzip") && now.zipped.length < now.bytes.length;
        Response response = request.header("if-none-match").equals(java.util.Optional.of(now.tag))
                ? Response.empty(304)
                : Response.of(200, type, zip ? now.zipped : now.bytes);
        if (zip) response = response.with("content-encoding", "gzip");
        return response.with("etag", now.tag)
                .with("vary", "accept-encoding")
                .with("cache-control", "no-cache")
                .with("referrer-policy", "no-referrer")
                .with("permissions-policy", "microphone=(self), camera=(), geolocation=()")
                .with("cross-origin-opener-policy", "same-origin");
    }

    private Kept kept(Path file) throws IOException {
        long modified = Files.getLastModifiedTime(file).toMillis(), size = Files.size(file);
        Kept old = kept.get(file);
        if (old != null && old.modified == modified && old.size == size) return old;
        byte[] bytes = Files.readAllBytes(file);
        var zipped = new ByteArrayOutputStream();
        try (var zip = new GZIPOutputStream(zipped)) {
            zip.write(bytes);
        }
        String tag = "\"" + DeviceId.of(DeviceId.sha256(bytes)).hex().substring(0, 16) + "\"";
        Kept now = new Kept(modified, size, bytes, zipped.toByteArray(), tag);
        kept.put(file, now);
        return now;
    }

    /// Every file of the app, for the service worker that keeps it.
    private String list() throws IOException {
        var paths = new ArrayList<String>();
        for (String room : List.of("web", "core")) {
            try (Stream<Path> files = Files.walk(client.resolve(room))) {
                files.filter(f -> TYPES.containsKey(
                                f.toString().substring(f.toString().lastIndexOf('.') + 1)))
                        .filter(f -> !f.endsWith("sw.js") && !f.toString().endsWith(".html"))
                        .forEach(f -> paths.add(Response.quote("/" + client.relativize(f))));
            }
        }
        return "[" + String.join(",", paths) + "]";
    }
}
