package dev.starling.enrol;

import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// What a CA said about an order or an authorization (RFC 8555, section 7.1), read with care.
final class Said {
    private static final int MAX_CHAIN = 4;
    private static final Pattern OTHER = Pattern.compile("-----BEGIN (?!CERTIFICATE-----)");

    private Said() {}

    static List<X509Certificate> chain(String pem) throws EnrolmentException {
        // RFC 8555, section 11.4: a file with a key in it must not be kept.
        if (OTHER.matcher(pem).find()) throw AcmeClient.unintelligible("something other than certificates");
        var chain = new ArrayList<X509Certificate>();
        for (String part : pem.split("-----END CERTIFICATE-----", -1)) {
            String body =
                    part.replaceFirst("(?s).*-----BEGIN CERTIFICATE-----", "").replaceAll("\\s", "");
            if (body.isEmpty()) continue;
            if (chain.size() >= MAX_CHAIN) throw AcmeClient.unintelligible("too many certificates");
            try {
                chain.add(Keys.certificate(Base64.getDecoder().decode(body)));
            } catch (IdentityException | IllegalArgumentException e) {
                throw AcmeClient.unintelligible("a certificate that cannot be read");
            }
        }
        return chain;
    }

    private static Map<String, Object> members(Map<?, ?> json) {
        var all = new HashMap<String, Object>();
        json.forEach((name, value) -> {
            if (value != null) all.put(String.valueOf(name), value);
        });
        return all;
    }

    static String status(Map<String, Object> json) throws EnrolmentException {
        return text(json.get("status"));
    }

    static String error(Map<String, Object> json, String otherwise) {
        return json.get("error") instanceof Map<?, ?> error && error.get("detail") instanceof String detail
                ? AcmeClient.printable(detail)
                : otherwise;
    }

    static String first(Map<String, Object> json, String name) throws EnrolmentException {
        if (json.get(name) instanceof List<?> list && !list.isEmpty() && list.getFirst() instanceof String text)
            return text;
        throw AcmeClient.unintelligible("no " + name);
    }

    static String text(@org.jspecify.annotations.Nullable Object value) throws EnrolmentException {
        if (value instanceof String text) return text;
        throw AcmeClient.unintelligible("something is missing in it");
    }

    /// The challenge of that type, where it offers one.
    static Optional<Map<String, Object>> challenge(Map<String, Object> authorization, String type) {
        if (authorization.get("challenges") instanceof List<?> all)
            for (Object each : all)
                if (each instanceof Map<?, ?> challenge && type.equals(challenge.get("type")))
                    return Optional.of(members(challenge));
        return Optional.empty();
    }
}
