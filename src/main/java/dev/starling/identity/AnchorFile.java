package dev.starling.identity;

import dev.starling.identity.log.NoteKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Anchors as a text of PEM certificates (RFC 7468), each with a few lines above it that say for what it is believed;
/// a plain PEM file is such a text (docs/protocols/formats.md, section 3). A line that is not understood is refused: a
/// restriction with a slip in it must not be lost.
public final class AnchorFile {
    static final String BEGIN = "-----BEGIN CERTIFICATE-----", END = "-----END CERTIFICATE-----";
    private static final int MAX_TEXT = 200_000, MAX_ANCHORS = 64, MAX_VALUES = 64, MAX_NAME = 100;
    private static final Pattern LINE = Pattern.compile(
            "(name|purposes|domains|levels|crls|log|log-url|witnesses|quorum|must-log):[ \\t]*([^\\x00-\\x1f\\x7f]+)");
    private static final Pattern BASE64 = Pattern.compile("[A-Za-z0-9+/]+={0,2}");
    private static final Pattern NUMBERS = Pattern.compile("\\+[0-9]{0,15}");

    private final List<Anchor> anchors = new ArrayList<>();
    private final Map<String, String> said = new HashMap<>();
    private final StringBuilder body = new StringBuilder();
    private boolean inside;

    private AnchorFile() {}

    public static List<Anchor> parse(String text) throws IdentityException {
        if (text.length() > MAX_TEXT) throw malformed("too long");
        var reader = new AnchorFile();
        for (String line : text.split("\\r?\\n", -1)) reader.read(line.replaceAll("^[ \\t]+|[ \\t]+$", ""));
        if (reader.inside || !reader.said.isEmpty() || reader.anchors.isEmpty())
            throw malformed("no certificate behind the last lines");
        return List.copyOf(reader.anchors);
    }

    private void read(String line) throws IdentityException {
        if (inside && line.equals(END)) {
            anchors.add(anchor());
            if (anchors.size() > MAX_ANCHORS) throw malformed("too many anchors");
            said.clear();
            body.setLength(0);
            inside = false;
        } else if (inside) body.append(line);
        else if (line.equals(BEGIN)) inside = true;
        else if (!line.isEmpty() && !line.startsWith("#")) {
            var match = LINE.matcher(line);
            if (!match.matches() || said.putIfAbsent(match.group(1), match.group(2)) != null)
                throw malformed("a line that is not understood: " + line.substring(0, Math.min(40, line.length())));
        }
    }

    private Anchor anchor() throws IdentityException {
        byte[] der = decoded(body.toString());
        CertificateFields.parse(der);
        var purposes = words("purposes", Anchor.PURPOSES);
        var levels = words("levels", Anchor.LEVELS);
        var crls = words("crls", List.of());
        var domains = words("domains", List.of("*", "+"));
        String name = said.getOrDefault("name", "");
        if (name.length() > MAX_NAME) throw malformed("name");
        if (!Anchor.PURPOSES.containsAll(purposes)) throw malformed("purposes");
        if (!Anchor.LEVELS.containsAll(levels)) throw malformed("levels");
        if (!crls.stream().allMatch(CertificateExtensions::isCrlUrl)) throw malformed("crls");
        if (!domains.stream().allMatch(AnchorFile::isDomain)) throw malformed("domains");
        return new Anchor(name, Keys.certificate(der), Set.copyOf(purposes), domains, Set.copyOf(levels), crls, log());
    }

    private Optional<AnchorLog> log() throws IdentityException {
        if (!said.containsKey("log")) {
            // What only restricts is not passed over.
            if (said.keySet().stream().anyMatch(AnchorLog.LINES::contains)) throw malformed("no log");
            return Optional.empty();
        }
        var witnesses = new ArrayList<NoteKey>();
        for (String each : words("witnesses", List.of())) witnesses.add(NoteKey.parse(each, NoteKey.Kind.WITNESS));
        return Optional.of(AnchorLog.of(
                NoteKey.parse(said("log"), NoteKey.Kind.LOG),
                witnesses,
                said("quorum"),
                said("log-url"),
                said("must-log")));
    }

    private String said(String key) {
        return said.getOrDefault(key, "");
    }

    private List<String> words(String key, List<String> otherwise) throws IdentityException {
        if (!said.containsKey(key)) return otherwise;
        var all = Arrays.stream(said.getOrDefault(key, "").split("[ \\t,]+"))
                .filter(word -> !word.isEmpty())
                .distinct()
                .toList();
        if (all.isEmpty() || all.size() > MAX_VALUES) throw malformed("values");
        return all;
    }

    private static boolean isDomain(String text) {
        if (text.equals("*") || NUMBERS.matcher(text).matches()) return true;
        String address = "a@" + (text.startsWith(".") ? text.substring(1) : text);
        try {
            return Address.parse(address).text().equals(address);
        } catch (IdentityException e) {
            return false;
        }
    }

    private static byte[] decoded(String text) throws IdentityException {
        if (!BASE64.matcher(text).matches()) throw malformed("PEM");
        try {
            byte[] der = Base64.getDecoder().decode(text);
            if (Base64.getEncoder().encodeToString(der).equals(text)) return der;
        } catch (IllegalArgumentException e) {
            throw malformed("PEM");
        }
        throw malformed("PEM");
    }

    private static IdentityException malformed(String why) {
        return new IdentityException("malformed", why);
    }
}
