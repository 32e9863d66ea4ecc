package dev.starling.ca;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.identity.DeviceId;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// An ACME client that does exactly what a test tells it, also what is forbidden.
public final class AcmeCaller implements AutoCloseable {
    /// One answer of the CA.
    public record Reply(HttpResponse<String> http) {
        public int status() {
            return http.statusCode();
        }

        public String header(String name) {
            return http.headers().firstValue(name).orElse("");
        }

        public Map<String, Object> json() throws Problem {
            return Json.object(http.body().getBytes(StandardCharsets.UTF_8));
        }

        public String text(String name) throws Problem {
            return Json.text(json(), name);
        }

        public List<?> list(String name) throws Problem {
            return json().get(name) instanceof List<?> list ? list : List.of();
        }

        public String first(String name) throws Problem {
            return String.valueOf(list(name).getFirst());
        }

        /// `type` of a problem document without its prefix; "" when it is none.
        public String problem() throws Problem {
            if (!header("content-type").equals("application/problem+json")) return "";
            String type = text("type");
            return type.startsWith(Problem.URN) ? type.substring(Problem.URN.length()) : "not an ACME error: " + type;
        }

        @Override
        public String toString() {
            return status() + " " + http.body();
        }
    }

    public final ECKey key;
    public final String base;
    public String kid;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    public AcmeCaller(String base) {
        this(base, newKey(), "");
    }

    /// @param kid the account's URL; "" before it is registered
    public AcmeCaller(String base, ECKey key, String kid) {
        this.base = base;
        this.key = key;
        this.kid = kid;
    }

    public static ECKey newKey() {
        try {
            return new ECKeyGenerator(Curve.P_256).generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }

    public Reply send(String method, String url, Map<String, String> headers, byte[] body) throws IOException {
        var request =
                HttpRequest.newBuilder(URI.create(url)).method(method, HttpRequest.BodyPublishers.ofByteArray(body));
        headers.forEach(request::header);
        try {
            return new Reply(http.send(request.build(), HttpResponse.BodyHandlers.ofString()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    public Reply send(byte[] jose, String url) throws IOException {
        return send("POST", url, Map.of("Content-Type", "application/jose+json"), jose);
    }

    public Reply get(String method, String path) throws IOException {
        return send(method, base + path, Map.of(), new byte[0]);
    }

    public String nonce() throws IOException {
        return get("HEAD", "/acme/new-nonce").header("replay-nonce");
    }

    /// The protected header of a right request.
    public Map<String, Object> header(String url) throws IOException {
        var header = new HashMap<String, Object>(Map.of("alg", "ES256", "nonce", nonce(), "url", url));
        if (kid.isEmpty()) header.put("jwk", key.toPublicJWK().toJSONObject());
        else header.put("kid", kid);
        return header;
    }

    public Reply post(String url, String payload) throws IOException {
        return signed(url, header(url), payload);
    }

    public Reply signed(String url, Map<String, Object> header, String payload) throws IOException {
        return send(Jws.sign(key, header, payload.getBytes(StandardCharsets.UTF_8)), url);
    }

    public AcmeCaller registered() throws IOException {
        kid = post(base + "/acme/new-account", "{}").header("location");
        return this;
    }

    /// Asks for that key in place of this one.
    public Reply keyChange(ECKey to) throws IOException {
        String url = base + "/acme/key-change";
        byte[] inner = Jws.sign(
                to,
                Map.of("alg", "ES256", "jwk", to.toPublicJWK().toJSONObject(), "url", url),
                Json.write(Map.of("account", kid, "oldKey", key.toPublicJWK().toJSONObject()))
                        .getBytes(StandardCharsets.UTF_8));
        return post(url, new String(inner, StandardCharsets.US_ASCII));
    }

    public Reply order(String address) throws IOException {
        return post(
                base + "/acme/new-order",
                Json.write(Map.of("identifiers", List.of(Map.of("type", "email", "value", address)))));
    }

    public Map<?, ?> challenge(Reply order) throws IOException, Problem {
        return (Map<?, ?>)
                post(order.first("authorizations"), "").list("challenges").getFirst();
    }

    public Reply answer(Map<?, ?> challenge, String code) throws IOException {
        byte[] proof = (code + challenge.get("token") + "." + Jws.thumbprint(key)).getBytes(StandardCharsets.US_ASCII);
        String response = Base64.getUrlEncoder().withoutPadding().encodeToString(DeviceId.sha256(proof));
        return post(String.valueOf(challenge.get("url")), Json.write(Map.of("response", response)));
    }

    public Reply finish(Reply order, byte[] csr) throws IOException, Problem {
        String text = Base64.getUrlEncoder().withoutPadding().encodeToString(csr);
        return post(order.text("finalize"), Json.write(Map.of("csr", text)));
    }

    @Override
    public void close() {
        http.close();
    }
}
