package dev.starling.cli;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.ca.issuance.Issuer;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import dev.starling.web.Response;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.cert.X509Certificate;
import java.text.ParseException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a peer says about itself: `GET /peer.json` (docs/protocols/sip.md, section 1).
record PeerInfo(
        String id, String uri, String network, boolean local, List<X509Certificate> anchors, String caDirectory) {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    static PeerInfo fetch(URI base) throws IOException {
        try (var http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(PATIENCE)
                .build()) {
            var response = http.send(
                    HttpRequest.newBuilder(base.resolve("/peer.json"))
                            .timeout(PATIENCE)
                            .GET()
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() != 200)
                throw new IOException(base + " is no Starling server (status " + response.statusCode() + ")");
            Map<String, Object> json = Optional.ofNullable(JSONObjectUtils.parse(response.body()))
                    .orElseThrow(() -> new ParseException("null", 0));
            var anchors = new ArrayList<X509Certificate>();
            for (Map<String, Object> each : JSONObjectUtils.getJSONObjectArray(json, "anchors"))
                anchors.add(certificate(String.valueOf(each.get("pem"))));
            Map<String, Object> ca = JSONObjectUtils.getJSONObject(json, "ca");
            return new PeerInfo(
                    String.valueOf(json.get("id")),
                    String.valueOf(json.get("uri")),
                    String.valueOf(json.get("network")),
                    Boolean.TRUE.equals(json.get("local")),
                    List.copyOf(anchors),
                    String.valueOf(ca.get("directory")));
        } catch (ParseException | IllegalArgumentException e) {
            throw new IOException(base + " is no Starling server", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (java.net.ConnectException | java.net.http.HttpTimeoutException e) {
            throw new IOException("nothing answers at " + base, e);
        }
    }

    static X509Certificate certificate(String pem) throws IOException {
        String body = pem.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
        try {
            return Keys.certificate(Base64.getDecoder().decode(body));
        } catch (IdentityException | IllegalArgumentException e) {
            throw new IOException("not a certificate in PEM form", e);
        }
    }

    static String anchor(X509Certificate anchor) {
        return "{\"name\":" + Response.quote(anchor.getSubjectX500Principal().getName()) + ",\"pem\":"
                + Response.quote(Issuer.pem(anchor)) + ",\"sha256\":\"" + TrustAnchors.fingerprint(anchor) + "\"}";
    }
}
