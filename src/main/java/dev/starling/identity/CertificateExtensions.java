package dev.starling.identity;

import dev.starling.identity.der.Der;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// The extensions this reader knows (RFC 5280, section 4.2.1). One that does not parse makes the certificate
/// `malformed`, whether it is critical or not.
///
/// @param oids all that are there
/// @param usage the first eight bits of the key usage, digitalSignature in the highest
/// @param explicitPolicy whether it asks for policies, which we do not follow
/// @param crls URLs (http) of its revocation lists
public record CertificateExtensions(
        Set<String> critical,
        Set<String> oids,
        Optional<List<CertificateFields.Name>> names,
        Optional<Integer> usage,
        Optional<List<String>> extendedUsage,
        Optional<Authority> authority,
        List<String> policies,
        Optional<byte[]> authorityKey,
        Optional<byte[]> subjectKey,
        Optional<NameConstraints> constraints,
        boolean explicitPolicy,
        Optional<Proxy> proxy,
        List<String> crls) {
    static final String NAMES = "2.5.29.17", USAGE = "2.5.29.15", EXTENDED = "2.5.29.37", BASIC = "2.5.29.19";
    static final String POLICIES = "2.5.29.32", AUTHORITY_KEY = "2.5.29.35", SUBJECT_KEY = "2.5.29.14";
    static final String CONSTRAINTS = "2.5.29.30", POLICY_CONSTRAINTS = "2.5.29.36", CRL_POINTS = "2.5.29.31";
    private static final String POLICY_MAPPINGS = "2.5.29.33", INHIBIT_ANY_POLICY = "2.5.29.54";

    /// What may be critical: what we obey, and what of the policies cannot change our verdict (formats.md, section 3).
    static final Set<String> KNOWN_CRITICAL = Set.of(
            NAMES,
            USAGE,
            EXTENDED,
            BASIC,
            POLICIES,
            CONSTRAINTS,
            POLICY_CONSTRAINTS,
            POLICY_MAPPINGS,
            INHIBIT_ANY_POLICY,
            Proxy.INFO);
    private static final Set<String> READ = Set.of(
            NAMES,
            USAGE,
            EXTENDED,
            BASIC,
            POLICIES,
            CONSTRAINTS,
            POLICY_CONSTRAINTS,
            Proxy.INFO,
            AUTHORITY_KEY,
            SUBJECT_KEY,
            CRL_POINTS);
    private static final int MAX_CRLS = 4, MAX_URL = 500;
    private static final Pattern CRL_URL = Pattern.compile("http://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?");

    /// Basic constraints that say CA; `below` is how many authorities may stand below it.
    public record Authority(long below) {}

    static final CertificateExtensions NONE = of(Set.of());

    private static CertificateExtensions of(Set<String> none) {
        return new CertificateExtensions(
                none,
                none,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.empty(),
                List.of());
    }

    static CertificateExtensions parse(Der wrapped) throws IdentityException {
        List<Der> one = wrapped.expect(0xa3).items();
        if (one.size() != 1) throw malformed("extensions");
        return parseList(one.getFirst());
    }

    /// Extensions of a certificate, of a CRL, or of one of its entries.
    static CertificateExtensions parseList(Der list) throws IdentityException {
        var values = new HashMap<String, Der>();
        var critical = new HashSet<String>();
        for (Der extension : list.sequence(1, 256)) {
            List<Der> parts = extension.sequence(2, 3);
            String oid = parts.getFirst().oid();
            // DER leaves out FALSE, the default.
            if (parts.size() == 3) {
                if (parts.get(1).expect(Der.BOOLEAN).content()[0] == 0) throw malformed("critical FALSE");
                critical.add(oid);
            }
            byte[] value = parts.getLast().expect(Der.OCTETS).content();
            if (values.containsKey(oid)) throw malformed("an extension twice");
            values.put(oid, READ.contains(oid) ? Der.parse(value, CertificateFields.MAX_BYTES) : extension);
        }
        return of(critical, values);
    }

    private static CertificateExtensions of(Set<String> critical, Map<String, Der> values) throws IdentityException {
        Der names = values.get(NAMES), usage = values.get(USAGE), extended = values.get(EXTENDED);
        Der basic = values.get(BASIC), policies = values.get(POLICIES);
        Der authorityKey = values.get(AUTHORITY_KEY), subjectKey = values.get(SUBJECT_KEY);
        Der constraints = values.get(CONSTRAINTS), wanted = values.get(POLICY_CONSTRAINTS);
        Der proxy = values.get(Proxy.INFO), points = values.get(CRL_POINTS);
        return new CertificateExtensions(
                Set.copyOf(critical),
                Set.copyOf(values.keySet()),
                names == null ? Optional.empty() : Optional.of(names(names)),
                usage == null ? Optional.empty() : Optional.of(usage(usage)),
                extended == null ? Optional.empty() : Optional.of(oids(extended, false)),
                basic == null ? Optional.empty() : authority(basic),
                policies == null ? List.of() : oids(policies, true),
                authorityKey == null ? Optional.empty() : authorityKey(authorityKey),
                subjectKey == null
                        ? Optional.empty()
                        : Optional.of(subjectKey.expect(Der.OCTETS).content()),
                constraints == null ? Optional.empty() : Optional.of(NameConstraints.parse(constraints)),
                wanted != null && explicitPolicy(wanted),
                proxy == null ? Optional.empty() : Optional.of(Proxy.parse(proxy)),
                points == null ? List.of() : crlUrls(points));
    }

    private static List<CertificateFields.Name> names(Der list) throws IdentityException {
        var names = new ArrayList<CertificateFields.Name>();
        for (Der item : list.expect(Der.SEQUENCE).items()) {
            if ((item.tag() & 0xc0) != 0x80) throw malformed("name");
            boolean directory = item.is(NameConstraints.DIRECTORY_NAME);
            names.add(new CertificateFields.Name(
                    item.tag(), item.content(), directory ? NameConstraints.directory(item) : List.of()));
        }
        return names;
    }

    private static int usage(Der bits) throws IdentityException {
        byte[] content = bits.expect(Der.BITS).content();
        return content.length > 1 ? content[1] & 255 : 0;
    }

    private static List<String> oids(Der list, boolean wrapped) throws IdentityException {
        var oids = new ArrayList<String>();
        for (Der item : list.sequence(1, 256))
            oids.add((wrapped ? item.sequence(1, 2).getFirst() : item).oid());
        return oids;
    }

    private static Optional<Authority> authority(Der constraints) throws IdentityException {
        List<Der> parts = constraints.sequence(0, 2);
        if (parts.isEmpty()) return Optional.empty();
        if (parts.getFirst().expect(Der.BOOLEAN).content()[0] == 0) throw malformed("basic constraints");
        long below = parts.size() == 1 ? Long.MAX_VALUE : parts.get(1).smallInteger();
        if (below < 0) throw malformed("path length");
        return Optional.of(new Authority(below));
    }

    private static Optional<byte[]> authorityKey(Der identifier) throws IdentityException {
        List<Der> parts = identifier.sequence(0, 3);
        return parts.isEmpty() || !parts.getFirst().is(0x80)
                ? Optional.empty()
                : Optional.of(parts.getFirst().content());
    }

    // Policy constraints (RFC 5280, section 4.2.1.11): whether policies must be explicit.
    private static boolean explicitPolicy(Der constraints) throws IdentityException {
        List<Der> parts = constraints.sequence(1, 2);
        for (Der part : parts) if (!part.is(0x80) && !part.is(0x81)) throw malformed("policies");
        return parts.getFirst().is(0x80);
    }

    // CRL distribution points (RFC 5280, section 4.2.1.13): the full names that are URLs we can fetch; others are
    // passed over.
    private static List<String> crlUrls(Der list) throws IdentityException {
        var urls = new ArrayList<String>();
        for (Der point : list.sequence(1, 64)) {
            Der name = point.sequence(1, 3).getFirst();
            if (name.is(0xa0)) urls.addAll(fullNames(name));
        }
        return List.copyOf(urls.subList(0, Math.min(MAX_CRLS, urls.size())));
    }

    /// The URLs that we can fetch among the full names of a DistributionPointName, under its tag.
    static List<String> fullNames(Der name) throws IdentityException {
        var urls = new ArrayList<String>();
        for (Der full : name.items())
            if (full.is(0xa0))
                for (Der each : full.items()) {
                    String text = each.is(0x86) ? CertificateFields.latin1(each.content()) : "";
                    if (isCrlUrl(text)) urls.add(text);
                }
        return urls;
    }

    /// Whether a list behind this URL is fetched.
    public static boolean isCrlUrl(String text) {
        return text.length() <= MAX_URL && CRL_URL.matcher(text).matches();
    }

    private static IdentityException malformed(String why) {
        return new IdentityException("malformed", why);
    }
}
