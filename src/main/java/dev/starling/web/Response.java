package dev.starling.web;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// What a handler answers. With a `stream` the body is written piece by piece until the stream returns or the
/// client goes.
public record Response(int status, Map<String, String> headers, byte[] body, Optional<Stream> stream) {
    /// Writes the body of a long answer; the connection's loss is an [IOException].
    public interface Stream {
        void write(OutputStream out) throws IOException;
    }

    public Response {
        headers = Map.copyOf(headers);
    }

    public static Response of(int status, String type, byte[] body) {
        return new Response(status, Map.of("content-type", type), body, Optional.empty());
    }

    public static Response json(int status, String json) {
        return of(status, "application/json", json.getBytes(StandardCharsets.UTF_8));
    }

    public static Response html(String page) {
        return of(200, "text/html; charset=utf-8", page.getBytes(StandardCharsets.UTF_8));
    }

    public static Response empty(int status) {
        return new Response(status, Map.of(), new byte[0], Optional.empty());
    }

    public static Response streaming(String type, Stream stream) {
        return new Response(200, Map.of("content-type", type), new byte[0], Optional.of(stream));
    }

    /// RFC 9457. `detail` says in plain words what to do.
    public static Response problem(int status, String type, String detail) {
        String json = "{\"type\":\"" + type + "\",\"status\":" + status + ",\"detail\":" + quote(detail) + "}";
        return of(status, "application/problem+json", json.getBytes(StandardCharsets.UTF_8));
    }

    public static Response problem(int status, String detail) {
        return problem(status, "about:blank", detail);
    }

    public Response with(String name, String value) {
        var all = new HashMap<>(headers);
        all.put(name, value);
        return new Response(status, all, body, stream);
    }

    /// A JSON string.
    public static String quote(String text) {
        var out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
                out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        return out.append('"').toString();
    }
}
