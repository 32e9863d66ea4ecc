package dev.starling.sip.message;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// A `sip:` URI (RFC 3261, section 19.1). `user` is as written, with its escapes; parameter names are in lower case.
/// Port 0 when none is given.
public record SipUri(String user, String host, int port, Map<String, String> parameters) {
    private static final Pattern SHAPE = Pattern.compile(
            "(?i:sips?):(?:([^@;?<>\"\\s]+)@)?(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?((?:;[^;?\\s<>\"]+)*)(?:\\?\\S*)?");

    public SipUri {
        parameters = Map.copyOf(parameters);
    }

    public static SipUri parse(String text) throws SipException {
        var match = SHAPE.matcher(text);
        if (text.length() > 2048 || !match.matches()) throw new SipException(416, "Unsupported URI");
        int port = match.group(3) == null ? 0 : Integer.parseInt(match.group(3));
        if (port > 65535) throw new SipException(400, "Bad port");
        var parameters = new LinkedHashMap<String, String>();
        for (String part : Tokens.split(match.group(4), ';')) {
            if (part.isEmpty()) continue;
            int equals = part.indexOf('=');
            String name = (equals < 0 ? part : part.substring(0, equals)).toLowerCase(Locale.ROOT);
            parameters.putIfAbsent(name, equals < 0 ? "" : part.substring(equals + 1));
        }
        String user = match.group(1) == null ? "" : match.group(1);
        return new SipUri(user, match.group(2).toLowerCase(Locale.ROOT), port, parameters);
    }

    public Optional<String> parameter(String name) {
        return Optional.ofNullable(parameters.get(name));
    }

    /// Without parameters: what an address-of-record is compared by.
    public String aor() {
        return "sip:" + (user.isEmpty() ? "" : user + "@") + host + (port == 0 ? "" : ":" + port);
    }
}
