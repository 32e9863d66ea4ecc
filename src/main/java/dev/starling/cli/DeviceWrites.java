package dev.starling.cli;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.identity.Address;
import dev.starling.identity.Keys;
import dev.starling.identity.passport.Claims;
import dev.starling.identity.passport.Token;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;

/// Gives values to a server to be kept, in the name of a certified device (docs/protocols/formats.md, section 8).
///
/// @param peer the server's key-bound URI
record DeviceWrites(URI base, String peer, Keys.Held device, Address address, Clock clock) {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int MAX_ANSWER_BYTES = 4096;

    /// @param key 40 hex digits
    /// @param until Unix s
    /// @throws IOException it was not taken, with the server's reason
    void put(String key, long id, byte[] value, long until) throws IOException {
        byte[] body = JSONObjectUtils.toJSONString(Map.of(
                        "data",
                        Base64.getEncoder().encodeToString(value),
                        "id",
                        Long.toUnsignedString(id),
                        "until",
                        until))
                .getBytes(StandardCharsets.UTF_8);
        String path = "/key/" + key;
        var claims = Claims.fresh(
                Claims.http("POST", path, address.uri(), peer, body),
                clock.instant().getEpochSecond());
        var request = HttpRequest.newBuilder(base.resolve(path))
                .timeout(PATIENCE)
                .header("Content-Type", "application/json")
                .header("Authorization", "PASSporT " + Token.sign(device, Token.PASSPORT, "", claims))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        try (var http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(PATIENCE)
                .build()) {
            var answer = http.send(request, HttpResponse.BodyHandlers.ofInputStream());
            try (var in = answer.body()) {
                if (answer.statusCode() != 200)
                    throw new IOException(base + " does not take it: " + why(in, answer.statusCode()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    // RFC 9457: the detail is for people.
    private static String why(InputStream in, int status) throws IOException {
        String text = new String(in.readNBytes(MAX_ANSWER_BYTES), StandardCharsets.UTF_8);
        try {
            return Optional.ofNullable(JSONObjectUtils.parse(text).get("detail"))
                    .map(detail -> String.valueOf(detail).replaceAll("\\p{Cntrl}", " "))
                    .orElse("status " + status);
        } catch (ParseException | IllegalArgumentException e) {
            return "status " + status;
        }
    }
}
