package dev.starling.ca.issuance;

import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/// Writes vectors/issuing.json: what issuing CAs of a root that is kept elsewhere may certify. Run by hand
/// (vectors/README.md says how).
final class WriteVectors {
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");

    private WriteVectors() {}

    public static void main(String[] arguments) throws Exception {
        Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);
        var lines = new ArrayList<String>();
        var roots = new ArrayList<String>();
        add(lines, roots, clock, List.of("email"), List.of("bob@example.net", "ok", "+4930123456", "name-constraints"));
        add(
                lines,
                roots,
                clock,
                List.of("email", "example.net", ".example.org"),
                List.of(
                        "bob@example.net", "ok",
                        "bob@sub.example.net", "name-constraints",
                        "bob@sub.example.org", "ok",
                        "bob@example.org", "name-constraints",
                        "bob@notexample.net", "name-constraints",
                        "+4930123456", "name-constraints"));
        add(lines, roots, clock, List.of("tel"), List.of("+4930123456", "ok", "bob@example.net", "name-constraints"));
        Files.writeString(
                Path.of("vectors", "issuing.json"),
                "{\n \"source\": \"docs/protocols/formats.md, section 3\",\n \"now\": " + NOW.getEpochSecond()
                        + ",\n \"anchors\": [\n  " + String.join(",\n  ", roots) + "\n ],\n \"cases\": [\n  "
                        + String.join(",\n  ", lines) + "\n ]\n}\n");
    }

    private static void add(
            List<String> lines, List<String> roots, Clock clock, List<String> grant, List<String> expected)
            throws Exception {
        Path folder = Files.createTempDirectory("ceremony");
        var all = new Ceremony(folder, OfflineRoot.Curve.P384, clock);
        String[] domains = grant.subList(1, grant.size()).toArray(String[]::new);
        X509Certificate issuing = all.install(Optional.empty(), grant.getFirst(), domains);
        var key = all.authority(Optional.empty()).issuing();
        roots.add(quoted(all.root.certificate()));
        for (int i = 0; i < expected.size(); i += 2) {
            String name = expected.get(i), verdict = expected.get(i + 1);
            var leaf = all.leaf(key, name);
            if (verdict.equals("ok")) {
                var _ = new CertificateVerifier(TrustAnchors.of(all.root.certificate()), false)
                        .verify(List.of(Keys.encoded(leaf), Keys.encoded(issuing)), NOW);
            }
            lines.add("{\"what\":\"" + String.join(" ", grant) + ": " + name + "\",\"verdict\":\"" + verdict
                    + "\",\"chain\":[" + quoted(leaf) + "," + quoted(issuing) + "],\"anchors\":["
                    + quoted(all.root.certificate()) + "],\"address\":\"" + name + "\",\"allowTest\":false}");
        }
    }

    private static String quoted(X509Certificate certificate) {
        return "\"" + Base64.getEncoder().encodeToString(Keys.encoded(certificate)) + "\"";
    }
}
