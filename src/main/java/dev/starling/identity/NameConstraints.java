package dev.starling.identity;

import dev.starling.identity.der.Der;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// Name constraints (RFC 5280, section 4.2.1.10): for which names an authority may vouch
/// (docs/protocols/formats.md, section 3).
public record NameConstraints(List<Name> permitted, List<Name> excluded) {
    private static final int MAX_SUBTREES = 512;
    static final int RFC822_NAME = 0x81, DNS_NAME = 0x82, DIRECTORY_NAME = 0xa4, URI = 0x86;
    private static final String EMAIL_ADDRESS = "1.2.840.113549.1.9.1=\"";
    private static final Pattern AUTHORITY = Pattern.compile(
            "[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:@\\[\\]]+)(?::[0-9]*)?(?:[/?#].*)?", Pattern.DOTALL);

    /// Between the parts of one relative name: no letter that a value can have.
    private static final String AND = "\u0100";

    /// @param tag the GeneralName's identifier octet
    /// @param parts the relative names of a directory name
    public record Name(int tag, String text, List<String> parts) {
        public Name {
            parts = List.copyOf(parts);
        }
    }

    public NameConstraints {
        permitted = List.copyOf(permitted);
        excluded = List.copyOf(excluded);
    }

    static NameConstraints parse(Der extension) throws IdentityException {
        List<Name> permitted = List.of(), excluded = List.of();
        int last = -1;
        for (Der list : extension.sequence(1, 2)) {
            if (!list.is(0xa0) && !list.is(0xa1) || list.tag() <= last) throw malformed("name constraints");
            last = list.tag();
            if (list.is(0xa0)) permitted = subtrees(list);
            else excluded = subtrees(list);
        }
        return new NameConstraints(permitted, excluded);
    }

    // RFC 5280: minimum is the default and maximum absent, so neither is written.
    private static List<Name> subtrees(Der list) throws IdentityException {
        var all = new ArrayList<Name>();
        for (Der tree : list.items()) all.add(base(tree.sequence(1, 1).getFirst()));
        if (all.isEmpty() || all.size() > MAX_SUBTREES) throw malformed("subtrees");
        return all;
    }

    private static Name base(Der item) throws IdentityException {
        if ((item.tag() & 0xc0) != 0x80) throw malformed("subtree");
        if (!item.is(DIRECTORY_NAME)) return new Name(item.tag(), text(item.content()), List.of());
        return new Name(item.tag(), "", directory(item));
    }

    /// The relative names inside a directoryName.
    static List<String> directory(Der item) throws IdentityException {
        List<Der> names = item.items();
        if (names.size() != 1) throw malformed("directory name");
        return relativeNames(names.getFirst());
    }

    /// The relative names of a Name as texts that are equal when the names are, whatever kind of string they are
    /// written in.
    static List<String> relativeNames(Der name) throws IdentityException {
        var all = new ArrayList<String>();
        for (Der relative : name.expect(Der.SEQUENCE).items()) {
            var parts = new ArrayList<String>();
            for (Der attribute : relative.expect(Der.SET).items()) {
                List<Der> pair = attribute.sequence(2, 2);
                Der value = pair.get(1);
                // UTF8String, PrintableString, IA5String: the same text may be written in each of them.
                boolean text = value.is(0x0c) || value.is(0x13) || value.is(0x16);
                String written =
                        text ? "\"" + folded(value.content()) : HexFormat.of().formatHex(value.bytes());
                parts.add(pair.getFirst().oid() + "=" + written);
            }
            parts.sort(null);
            all.add(String.join(AND, parts));
        }
        return all;
    }

    /// Bytes as letters, those of ASCII in lower case.
    private static String text(byte[] content) {
        var text = new StringBuilder(CertificateFields.latin1(content));
        for (int i = 0; i < text.length(); i++)
            if (text.charAt(i) >= 'A' && text.charAt(i) <= 'Z') text.setCharAt(i, (char) (text.charAt(i) + 32));
        return text.toString();
    }

    private static String folded(byte[] content) {
        return text(content).replaceAll(" +", " ").replaceAll("^ | $", "");
    }

    /// Whether an authority with these constraints may vouch for `certificate`.
    boolean mayVouch(CertificateFields certificate) {
        return mayVouch(namesOf(certificate));
    }

    /// Whether it may for a certificate with this name alone.
    boolean mayVouch(Address address) {
        return mayVouch(List.of(
                address.isPhone()
                        ? new Name(URI, "tel:" + address, List.of())
                        : new Name(
                                RFC822_NAME, text(address.text().getBytes(StandardCharsets.ISO_8859_1)), List.of())));
    }

    private boolean mayVouch(List<Name> names) {
        for (Name name : names) {
            var within = permitted.stream().filter(t -> t.tag == name.tag).toList();
            var without = excluded.stream().filter(t -> t.tag == name.tag).toList();
            if (within.isEmpty() && without.isEmpty()) continue;
            // A name of a kind that is constrained in a way that we cannot judge.
            boolean known = name.tag == RFC822_NAME || name.tag == DNS_NAME || name.tag == DIRECTORY_NAME;
            if (!known && (name.tag != URI || hostOf(name.text).isEmpty())) return false;
            if (!within.isEmpty() && within.stream().noneMatch(tree -> covers(tree, name))) return false;
            if (without.stream().anyMatch(tree -> covers(tree, name))) return false;
        }
        return true;
    }

    private static List<Name> namesOf(CertificateFields certificate) {
        var names = new ArrayList<Name>();
        var alternative = certificate.extensions().names();
        for (var name : alternative.orElse(List.of()))
            names.add(new Name(name.tag(), text(name.content()), name.parts()));
        if (!certificate.subjectNames().isEmpty()) names.add(new Name(DIRECTORY_NAME, "", certificate.subjectNames()));
        // RFC 5280: without a SAN the address in the subject is bound too.
        if (alternative.isEmpty())
            for (String relative : certificate.subjectNames())
                for (String each : relative.split(AND))
                    if (each.startsWith(EMAIL_ADDRESS))
                        names.add(new Name(RFC822_NAME, each.substring(EMAIL_ADDRESS.length()), List.of()));
        return names;
    }

    private static boolean covers(Name tree, Name name) {
        String base = tree.text, text = name.text;
        return switch (name.tag) {
            case RFC822_NAME ->
                base.contains("@")
                        ? base.equals(text)
                        : text.contains("@") && isHost(base, text.substring(text.lastIndexOf('@') + 1));
            case DNS_NAME -> isHost(base, text) || !base.startsWith(".") && text.endsWith("." + base);
            case DIRECTORY_NAME ->
                tree.parts.size() <= name.parts.size() && tree.parts.equals(name.parts.subList(0, tree.parts.size()));
            default -> isHost(base, hostOf(text).orElse(""));
        };
    }

    /// The host itself, or with a dot in front every host below it.
    private static boolean isHost(String tree, String host) {
        return tree.isEmpty() || (tree.startsWith(".") ? host.endsWith(tree) : host.equals(tree));
    }

    private static Optional<String> hostOf(String uri) {
        var match = AUTHORITY.matcher(uri);
        return match.matches() ? Optional.of(match.group(1)) : Optional.empty();
    }

    private static IdentityException malformed(String why) {
        return new IdentityException("malformed", why);
    }
}
