package dev.starling.sip.message;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A `sip:` or `sips:` URI (RFC 3261, section 19.1). `user` is the userinfo as written, with its escapes, "" when
/// there is none; `host` and parameter names are in lower case; port 0 when none is given; `headers` is what follows
/// the question mark.
///
/// Refused: 416 for another scheme, 400 for what the grammar does not allow or a bound does not.
public record SipUri(
        boolean secure, String user, String host, int port, Map<String, String> parameters, String headers) {
    public static final int MAX_LENGTH = 2048;
    private static final int MAX_USER = 512, MAX_HOST = 253, MAX_LABEL = 63, MAX_PARAMETERS = 16;
    private static final String UNRESERVED = "-_.!~*'()";
    private static final String IN_USER = UNRESERVED + "&=+$,;?/:%", IN_PARAMETER = UNRESERVED + "[]/:&+$%";
    private static final String IN_HEADERS = UNRESERVED + "[]/?:+$&=%";

    /// Those that never match when only one URI has them (RFC 3261, section 19.1.4, its examples, and RFC 5627).
    private static final Set<String> TELLING = Set.of("user", "ttl", "method", "maddr", "transport", "gr");

    public SipUri {
        parameters = Map.copyOf(parameters);
    }

    public static SipUri parse(String text) throws SipException {
        if (text.length() > MAX_LENGTH) throw new SipException(414, "Request-URI Too Long");
        int colon = text.indexOf(':');
        String scheme = text.substring(0, Math.max(0, colon)).toLowerCase(Locale.ROOT);
        if (!scheme.equals("sip") && !scheme.equals("sips")) throw new SipException(416, "Unsupported URI Scheme");
        int at = text.indexOf('@', colon);
        int question = text.indexOf('?', Math.max(at, colon));
        String headers = question < 0 ? "" : text.substring(question + 1);
        int end = question < 0 ? text.length() : question;
        int semicolon = text.indexOf(';', Math.max(at, colon));
        int hostEnd = semicolon >= 0 && semicolon < end ? semicolon : end;
        // No further `@` can follow: no character set below holds one.
        String user = at < 0 ? "" : text.substring(colon + 1, at);
        if (at >= 0 && user.isEmpty() || user.length() > MAX_USER) throw bad("user");
        check(user, IN_USER, "user");
        check(headers, IN_HEADERS, "headers");
        String hostPort = text.substring(Math.max(at, colon) + 1, hostEnd);
        int port = hostPort.indexOf(':', hostPort.indexOf(']') + 1);
        String host = (port < 0 ? hostPort : hostPort.substring(0, port)).toLowerCase(Locale.ROOT);
        checkHost(host);
        return new SipUri(
                scheme.equals("sips"),
                user,
                host,
                port < 0 ? 0 : port(hostPort.substring(port + 1)),
                parameters(text.substring(hostEnd, end)),
                headers);
    }

    /// As [#parse], without headers: a Request-URI has none (section 19.1.1, table 1).
    public static SipUri parseRequestUri(String text) throws SipException {
        SipUri uri = parse(text);
        if (!uri.headers.isEmpty()) throw bad("headers");
        return uri;
    }

    private static int port(String digits) throws SipException {
        long port = Tokens.number(digits, 5);
        if (port < 1 || port > 65535) throw bad("port");
        return (int) port;
    }

    private static void checkHost(String host) throws SipException {
        if (host.startsWith("[")) {
            boolean closed = host.endsWith("]") && host.length() > 4 && host.length() <= 47;
            if (!closed) throw bad("host");
            for (char c : host.substring(1, host.length() - 1).toCharArray())
                if (Character.digit(c, 16) < 0 && c != ':' && c != '.') throw bad("host");
            return;
        }
        if (host.isEmpty() || host.length() > MAX_HOST) throw bad("host");
        int label = 0;
        for (int i = 0; i < host.length(); i++) {
            char c = host.charAt(i);
            if (c != '.' && c != '-' && !isAlphanumeric(c)) throw bad("host");
            label = c == '.' ? 0 : label + 1;
            boolean empty = c == '.' && (i == 0 || host.charAt(i - 1) == '.');
            if (empty || label > MAX_LABEL) throw bad("host");
        }
    }

    private static Map<String, String> parameters(String text) throws SipException {
        if (text.isEmpty()) return Map.of();
        var parameters = new HashMap<String, String>();
        for (String part : text.substring(1).split(";", -1)) {
            int equals = part.indexOf('=');
            String name = (equals < 0 ? part : part.substring(0, equals)).toLowerCase(Locale.ROOT);
            String value = equals < 0 ? "" : part.substring(equals + 1);
            if (name.isEmpty() || equals == part.length() - 1) throw bad("parameter");
            check(name, IN_PARAMETER, "parameter");
            check(value, IN_PARAMETER, "parameter");
            // RFC 3261, section 19.1.1: no name twice; two readers could take different ones.
            if (parameters.put(name, value) != null) throw bad("parameter, twice");
            if (parameters.size() > MAX_PARAMETERS) throw bad("number of parameters");
        }
        return parameters;
    }

    // Letters, digits and `allowed`; a percent sign only in front of two hex digits.
    private static void check(String text, String allowed, String what) throws SipException {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!isAlphanumeric(c) && allowed.indexOf(c) < 0) throw bad(what);
            if (c == '%' && !isEscape(text, i)) throw bad("escape");
        }
    }

    private static boolean isEscape(String text, int at) {
        return at + 2 < text.length()
                && Character.digit(text.charAt(at + 1), 16) >= 0
                && Character.digit(text.charAt(at + 2), 16) >= 0;
    }

    private static boolean isAlphanumeric(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    private static SipException bad(String what) {
        return new SipException(400, "Bad URI (" + what + ")");
    }

    public Optional<String> parameter(String name) {
        return Optional.ofNullable(parameters.get(name));
    }

    /// Equivalence of RFC 3261, section 19.1.4. Not transitive, so it is not `equals`.
    public boolean isEquivalent(SipUri other) {
        if (secure != other.secure || port != other.port || !host.equals(other.host)) return false;
        if (!plain(user).equals(plain(other.user))) return false;
        for (String name : TELLING)
            if (parameters.containsKey(name) != other.parameters.containsKey(name)) return false;
        for (var each : parameters.entrySet()) {
            String theirs = other.parameters.get(each.getKey());
            if (theirs != null && !plain(each.getValue()).equalsIgnoreCase(plain(theirs))) return false;
        }
        return headerMap().equals(other.headerMap());
    }

    private Map<String, String> headerMap() {
        var map = new HashMap<String, String>();
        if (headers.isEmpty()) return map;
        for (String each : headers.split("&", -1)) {
            int equals = each.indexOf('=');
            String name = plain(equals < 0 ? each : each.substring(0, equals)).toLowerCase(Locale.ROOT);
            map.merge(name, equals < 0 ? "" : plain(each.substring(equals + 1)), (a, b) -> a + "\n" + b);
        }
        return map;
    }

    // Escapes of characters that are not reserved are those characters; the others stay, in upper case.
    private static String plain(String text) {
        if (text.indexOf('%') < 0) return text;
        var plain = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '%') {
                plain.append(c);
                continue;
            }
            char escaped = (char) Integer.parseInt(text, i + 1, i + 3, 16);
            if (isAlphanumeric(escaped) || UNRESERVED.indexOf(escaped) >= 0) plain.append(escaped);
            else plain.append(text.substring(i, i + 3).toUpperCase(Locale.ROOT));
            i += 2;
        }
        return plain.toString();
    }
}
