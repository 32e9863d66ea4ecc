package dev.starling.cms;

import dev.starling.Vectors;
import dev.starling.identity.DeviceId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/// Writes vectors/cms-java.json: messages sealed in Java, for the people of cms.json. Run by hand after
/// client/test/write-vectors.mjs has made new ones (vectors/README.md says how).
@org.jspecify.annotations.NullUnmarked
final class WriteVectors {
    private WriteVectors() {}

    public static void main(String[] arguments) throws Exception {
        var people = Vectors.read("cms");
        var now = Vectors.clock(people).instant();
        People alice = People.of(people, "alice"), bob = People.of(people, "bob");
        X509Certificate bobs = bob.held().chain().getFirst();
        var lines = new ArrayList<String>();
        for (Map<String, Object> c : Vectors.cases(Vectors.read("bodies"), "good")) {
            @SuppressWarnings("unchecked")
            var said = (Map<String, Object>) c.get("said");
            said.put("device", bob.device().hex());
            Body body = SaidBody.of(said).orElseThrow();
            lines.add(line(
                    Vectors.text(said, "type"),
                    "ok",
                    body.seal(alice.held(), bobs, now),
                    ",\"said\":" + com.nimbusds.jose.util.JSONObjectUtils.toJSONString(said)));
        }
        Body good = new Body(
                new byte[16],
                now.toEpochMilli(),
                alice.address(),
                bob.address(),
                bob.device(),
                new Content.Text("hello"));
        Body forwarded = new Body(
                new byte[16],
                now.toEpochMilli(),
                alice.address(),
                bob.address(),
                DeviceId.of(new byte[32]),
                good.content());
        lines.add(line("another key", "not-for-this-key", seal(good, alice, alice), ""));
        lines.add(line("passed on to another", "not-for-us", seal(forwarded, alice, bob), ""));
        lines.add(line("signed by somebody else", "wrong-name", seal(good, bob, bob), ""));
        Files.writeString(
                Path.of("vectors", "cms-java.json"),
                "{\n \"source\": \"docs/protocols/formats.md, section 9\",\n \"cases\": [\n  "
                        + String.join(",\n  ", lines) + "\n ]\n}\n");
    }

    private static byte[] seal(Body body, People from, People to) throws Exception {
        var now = Vectors.clock(Vectors.read("cms")).instant();
        return body.seal(from.held(), to.held().chain().getFirst(), now);
    }

    private static String line(String what, String verdict, byte[] der, String more) {
        var parts = List.of(
                "{\"what\":\"" + what + "\"",
                "\"verdict\":\"" + verdict + "\"",
                "\"der\":\"" + Base64.getEncoder().encodeToString(der) + "\"" + more + "}");
        return String.join(",", parts);
    }
}
