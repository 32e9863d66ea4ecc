package dev.starling.phone;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.Tokens;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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
        var parameters = new Parameters(value.substring(blank + 1));
        String algorithm = parameters.value("algorithm");
        for (Ha1.Algorithm each : Ha1.Algorithm.values())
            if (each.token.equalsIgnoreCase(algorithm == null ? "MD5" : algorithm))
                return Optional.of(of(parameters, each));
        throw bad("algorithm");
    }

    private static Credentials of(Parameters p, Ha1.Algorithm algorithm) throws SipException {
        boolean qop = p.value("qop") != null;
        if (qop && !p.required("qop").equalsIgnoreCase("auth")) throw bad("qop");
        String user = p.required("username"), response = p.required("response").toLowerCase(Locale.ROOT);
        String nc = qop ? p.required("nc") : "", cnonce = qop ? p.required("cnonce") : "";
        if (user.length() > MAX_USER || cnonce.length() > MAX_CNONCE) throw bad("length");
        if (qop && !(nc.length() == 8 && isHex(nc))) throw bad("nc");
        if (response.length() != 32 && response.length() != 64 || !isHex(response)) throw bad("response");
        return new Credentials(
                user,
                p.required("realm"),
                p.required("nonce"),
                p.required("uri"),
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

    /// Names and values in turn: few, so they are looked through.
    private static final class Parameters {
        private final List<String> all = new ArrayList<>(2 * 10);

        Parameters(String text) throws SipException {
            for (int from = 0; from <= text.length(); ) {
                int comma = Tokens.next(text, from, ','), end = comma < 0 ? text.length() : comma;
                add(text.substring(from, end).trim());
                from = end + 1;
            }
        }

        private void add(String part) throws SipException {
            int equals = part.indexOf('=');
            if (equals < 1) throw bad("parameter");
            String name = part.substring(0, equals).strip();
            // No name twice: two readers could take different ones.
            if (value(name) != null || all.size() == 2 * MAX_PARAMETERS) throw bad("parameters");
            all.add(name);
            all.add(Tokens.unquote(part.substring(equals + 1).strip()));
        }

        /// Null when there is none.
        @Nullable
        String value(String name) {
            for (int i = 0; i < all.size(); i += 2) if (all.get(i).equalsIgnoreCase(name)) return all.get(i + 1);
            return null;
        }

        String required(String name) throws SipException {
            String value = value(name);
            if (value == null) throw bad("no " + name);
            return value;
        }
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
