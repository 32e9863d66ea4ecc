package dev.starling.acme;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Base64;
import java.util.Map;

/// JSON objects and base64url as RFC 8555, section 6.1, wants them: strict, because a signature is over what
/// was read.
public final class Json {
    private Json() {}

    /// Refuses what is not UTF-8, not an object, or has a member twice.
    public static Map<String, Object> object(byte[] utf8) throws Problem {
        try {
            Map<String, Object> json = JSONObjectUtils.parse(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf8))
                    .toString());
            if (json != null) return json;
        } catch (CharacterCodingException | ParseException | IllegalArgumentException e) {
            throw Problem.malformed("not a JSON object");
        }
        throw Problem.malformed("not a JSON object");
    }

    public static String text(Map<String, Object> json, String name) throws Problem {
        if (json.get(name) instanceof String text) return text;
        throw Problem.malformed("no " + name);
    }

    // RFC 8555, section 6.1: padding and foreign characters are refused. So are left-over bits: one value,
    // one text.
    public static byte[] bytes(String base64url) throws Problem {
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(base64url);
            if (Base64.getUrlEncoder().withoutPadding().encodeToString(bytes).equals(base64url)) return bytes;
        } catch (IllegalArgumentException e) {
            throw Problem.malformed("not base64url without padding");
        }
        throw Problem.malformed("not base64url without padding");
    }

    /// Of what was written here.
    public static Map<String, Object> known(String written) {
        try {
            return object(written.getBytes(StandardCharsets.UTF_8));
        } catch (Problem e) {
            throw new IllegalStateException(e);
        }
    }

    public static String write(Map<String, ?> json) {
        return JSONObjectUtils.toJSONString(json);
    }
}
