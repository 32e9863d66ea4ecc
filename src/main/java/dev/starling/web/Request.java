package dev.starling.web;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// One HTTP request. Header names are in lower case, several lines of one name joined by commas; `query` is
/// without the question mark, "" when there is none; the body is whole and bounded by the route.
public record Request(
        String method, String path, String query, Map<String, String> headers, byte[] body, InetAddress remote) {

    public Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
    }

    public String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    /// Path with query, as signed by the client.
    public String target() {
        return query.isEmpty() ? path : path + "?" + query;
    }
}
