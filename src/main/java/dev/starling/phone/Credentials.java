package dev.starling.phone;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.Tokens;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What an Authorization or Proxy-Authorization says (RFC 7616, section 3.4; RFC 3261, section 25.1), not yet judged.
///
/// @param qop whether `qop=auth` is there: without it the phone speaks the old form of RFC 2069
/// @param nc the nonce count as written, "" without qop
record Credentials(
        String user,
        String realm,
        String nonce,
        String uri,
        String response,
        Ha1.Algorithm algorithm,
        boolean qop,
        String cnonce,
        String nc) {
    private static final int MAX_LENGTH = 4_096, MAX_PARAMETERS = 24, MAX_USER = 128, MAX_CNONCE = 256;

    /// Empty when it is of another scheme; 400 when it is Digest and makes no sense.
    static Optional<Credentials> parse(String value) throws SipException {
        if (value.length() > MAX_LENGTH) throw bad("length");
        int blank = value.indexOf(' ');
        if (blank < 0 || !value.substring(0, blank).equalsIgnoreCase("Digest")) return Optional.empty();
        var parameters = parameters(value.substring(blank + 1));
        String algorithm = parameters.getOrDefault("algorithm", "MD5");
        for (Ha1.Algorithm each : Ha1.Algorithm.values())
            if (each.token.equalsIgnoreCase(algorithm)) return Optional.of(of(parameters, each));
        throw bad("algorithm");
    }

    private static Credentials of(Map<String, String> p, Ha1.Algorithm algorithm) throws SipException {
        boolean qop = p.containsKey("qop");
        if (qop && !required(p, "qop").equalsIgnoreCase("auth")) throw bad("qop");
        String user = required(p, "username"),
                response = required(p, "response").toLowerCase(Locale.ROOT);
        String nc = qop ? required(p, "nc") : "", cnonce = qop ? required(p, "cnonce") : "";
        if (user.length() > MAX_USER || cnonce.length() > MAX_CNONCE) throw bad("length");
        if (qop && !(nc.length() == 8 && isHex(nc))) throw bad("nc");
        if (response.length() != 32 && response.length() != 64 || !isHex(response)) throw bad("response");
        return new Credentials(
                user,
                required(p, "realm"),
                required(p, "nonce"),
                required(p, "uri"),
                response,
                algorithm,
                qop,
                cnonce,
                nc);
    }

    private static boolean isHex(String text) {
        for (int i = 0; i < text.length(); i++) if (!HexFormat.isHexDigit(text.charAt(i))) return false;
        return true;
    }

    private static Map<String, String> parameters(String text) throws SipException {
        var parameters = new HashMap<String, String>();
        for (String part : Tokens.split(text, ',')) {
            int equals = part.indexOf('=');
            if (equals < 1) throw bad("parameter");
            String name = part.substring(0, equals).strip().toLowerCase(Locale.ROOT);
            String value = Tokens.unquote(part.substring(equals + 1).strip());
            // No name twice: two readers could take different ones.
            if (parameters.put(name, value) != null || parameters.size() > MAX_PARAMETERS) throw bad("parameters");
        }
        return parameters;
    }

    private static String required(Map<String, String> parameters, String name) throws SipException {
        String value = parameters.get(name);
        if (value == null) throw bad("no " + name);
        return value;
    }

    private static SipException bad(String what) {
        return new SipException(400, "Bad credentials (" + what + ")");
    }

    /// What `response` must be for a request with `method` (RFC 7616, section 3.4.1).
    String expected(String ha1, String method) {
        String ha2 = algorithm.hash(method + ":" + uri);
        String middle = qop ? nonce + ":" + nc + ":" + cnonce + ":auth" : nonce;
        return algorithm.hash(ha1 + ":" + middle + ":" + ha2);
    }

    @Override
    public String toString() {
        return "Credentials[" + algorithm + "]";
    }
}
