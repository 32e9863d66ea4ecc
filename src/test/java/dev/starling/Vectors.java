package dev.starling;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.text.ParseException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/// The bytes that the JavaScript reads too: vectors/README.md.
// JSON maps have no shape: what is missing fails the test anyway.
@org.jspecify.annotations.NullUnmarked
public final class Vectors {
    private Vectors() {}

    /// What is refused with a reason of ours; any other exception fails the test.
    public interface Task {
        void run() throws IdentityException;
    }

    public static String verdict(Task task) {
        try {
            task.run();
            return "ok";
        } catch (IdentityException e) {
            return e.reason();
        }
    }

    public static Map<String, Object> read(String name) throws IOException, ParseException {
        return JSONObjectUtils.parse(Files.readString(Path.of("vectors", name + ".json")));
    }

    public static Map<String, Object>[] cases(Map<String, Object> vectors, String name) throws ParseException {
        return JSONObjectUtils.getJSONObjectArray(vectors, name);
    }

    public static List<List<?>> rows(Map<String, Object> vectors, String name) {
        var rows = new ArrayList<List<?>>();
        for (Object row : (List<?>) vectors.get(name)) rows.add((List<?>) row);
        return rows;
    }

    public static String text(Map<String, Object> map, String name) {
        return String.valueOf(map.get(name));
    }

    public static byte[] hex(Object text) {
        return HexFormat.of().parseHex(String.valueOf(text));
    }

    public static byte[] base64(Object text) {
        return Base64.getDecoder().decode(String.valueOf(text));
    }

    public static List<byte[]> allBase64(Object list) {
        return ((List<?>) list).stream().map(Vectors::base64).toList();
    }

    public static Clock clock(Map<String, Object> vectors) {
        return Clock.fixed(Instant.ofEpochSecond(((Number) vectors.get("now")).longValue()), ZoneOffset.UTC);
    }

    public static CertificateVerifier verifier(List<byte[]> anchors, boolean allowTest) throws IdentityException {
        var certificates = new ArrayList<X509Certificate>();
        for (byte[] anchor : anchors) certificates.add(Keys.certificate(anchor));
        return new CertificateVerifier(new TrustAnchors(certificates), allowTest);
    }

    public static CertificateVerifier verifier(Map<String, Object> vectors) throws IdentityException {
        return verifier(List.of(base64(vectors.get("anchor"))), true);
    }
}
