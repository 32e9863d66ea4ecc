package dev.starling.cli;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.identity.Anchor;
import dev.starling.identity.AnchorFile;
import dev.starling.identity.IdentityException;
import dev.starling.web.Response;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.text.ParseException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a peer says about itself: `GET /peer.json` (docs/protocols/sip.md, section 1).
///
/// @param sip where it listens for other peers
record PeerInfo(
        String id, String uri, String sip, String network, boolean local, List<Anchor> anchors, String caDirectory) {
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
            var anchors = new ArrayList<Anchor>();
            for (Map<String, Object> each : JSONObjectUtils.getJSONObjectArray(json, "anchors"))
                anchors.addAll(anchors(String.valueOf(each.get("pem")), "anchor"));
            Map<String, Object> ca = JSONObjectUtils.getJSONObject(json, "ca");
            return new PeerInfo(
                    String.valueOf(json.get("id")),
                    String.valueOf(json.get("uri")),
                    String.valueOf(json.get("sip")),
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

    /// Reads an anchor file; `source` names it in a complaint.
    static List<Anchor> anchors(String text, String source) throws IOException {
        try {
            return AnchorFile.parse(text);
        } catch (IdentityException e) {
            throw new IOException(source + " holds no CA certificates in PEM form: " + e.getMessage(), e);
        }
    }

    static String anchor(Anchor anchor) {
        return "{\"name\":"
                + Response.quote(anchor.certificate().getSubjectX500Principal().getName())
                + ",\"pem\":" + Response.quote(anchor.text()) + ",\"sha256\":\"" + anchor.sha256() + "\"}";
    }
}
