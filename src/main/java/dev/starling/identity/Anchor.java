package dev.starling.identity;

import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A CA that is believed, and for what (docs/protocols/formats.md, section 3).
///
/// @param name for people; "" when none was given
/// @param purposes `address`: certificates of devices; `smime`: certificates whose owner lets a device speak;
/// `revoke`: records that take devices out
/// @param domains `*` every e-mail address, `example.net`, `.example.net` below it, `+` every number, `+49` numbers
/// that begin so
/// @param levels how the address may have been proven
/// @param crls URLs of its revocation lists, besides those that its certificates name
/// @param log where it enters what it certifies; empty when that is not known
public record Anchor(
        String name,
        X509Certificate certificate,
        Set<String> purposes,
        List<String> domains,
        Set<String> levels,
        List<String> crls,
        Optional<AnchorLog> log) {
    static final List<String> PURPOSES = List.of("address", "smime", "revoke");
    static final List<String> LEVELS = List.of("code", "reply", "call", "test", "other", "smime");

    public Anchor {
        purposes = Set.copyOf(purposes);
        domains = List.copyOf(domains);
        levels = Set.copyOf(levels);
        crls = List.copyOf(crls);
    }

    public Anchor(
            String name,
            X509Certificate certificate,
            Set<String> purposes,
            List<String> domains,
            Set<String> levels,
            List<String> crls) {
        this(name, certificate, purposes, domains, levels, crls, Optional.empty());
    }

    /// The same CA, with its log.
    public Anchor with(AnchorLog its) {
        return new Anchor(name, certificate, purposes, domains, levels, crls, Optional.of(its));
    }

    /// One that may vouch for everything.
    public static Anchor of(X509Certificate certificate) {
        return new Anchor("", certificate, Set.copyOf(PURPOSES), List.of("*", "+"), Set.copyOf(LEVELS), List.of());
    }

    boolean mayCertify(Address address, String level, boolean proxy) {
        return purposes.contains(proxy ? "smime" : "address")
                && levels.contains(level)
                && domains.stream().anyMatch(domain -> speaksFor(domain, address));
    }

    private static boolean speaksFor(String domain, Address address) {
        if (address.isPhone()) return domain.startsWith("+") && address.text().startsWith(domain);
        String host = address.text().substring(address.text().lastIndexOf('@') + 1);
        return domain.equals("*") || (domain.startsWith(".") ? host.endsWith(domain) : host.equals(domain));
    }

    public String sha256() {
        return TrustAnchors.fingerprint(certificate);
    }

    /// As a text that [AnchorFile] reads back.
    public String text() {
        var lines = new ArrayList<String>();
        if (!name.isEmpty()) lines.add("name: " + name);
        lines.add("purposes: "
                + String.join(" ", PURPOSES.stream().filter(purposes::contains).toList()));
        lines.add("domains: " + String.join(" ", domains));
        lines.add("levels: "
                + String.join(" ", LEVELS.stream().filter(levels::contains).toList()));
        if (!crls.isEmpty()) lines.add("crls: " + String.join(" ", crls));
        log.ifPresent(its -> lines.addAll(its.lines()));
        lines.add(AnchorFile.BEGIN);
        lines.add(Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(Keys.encoded(certificate)));
        lines.add(AnchorFile.END);
        return String.join("\n", lines) + "\n";
    }
}
