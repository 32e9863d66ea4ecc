package dev.starling.ca.issuance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.NameConstraints;

/// For what an issuing CA may vouch, as its root says it in name constraints (RFC 5280, section 4.2.1.10). They speak
/// of
/// kinds of names one by one, and a kind of which they say nothing is free. Two things they cannot say:
///
/// - "every mailbox": an rfc822Name subtree is one mailbox, one host, or the hosts below a domain. So a CA for every
///   address has no constraint for that kind.
/// - "tel: URIs": a URI subtree speaks of hosts, and where there is any, a URI without a host must be refused. So a CA
///   for phones has none for URIs; it could certify any URI, and only the profile of its certificates says tel:.
///
/// A kind that is not to be certified at all is permitted for the host `invalid` alone, which never exists (RFC 2606,
/// section 2): that is defined for mail addresses and URIs, where an empty subtree is not, and it refuses URIs without
/// a
/// host, too. Kinds that have an empty subtree (DNS names, directory names, IP addresses) are excluded by it.
///
/// @param domains for e-mail: `example.net` for its own addresses, `.example.net` for those of all domains below;
///     empty for all
/// @param crlUrl where the root's list of withdrawn CAs is, `http:`
record Grant(Kind kind, List<String> domains, String crlUrl) {
    /// Of identifiers.
    enum Kind {
        EMAIL,
        TEL
    }

    private static final String NOWHERE = "invalid";
    private static final int MAX_DOMAINS = 100;
    private static final Pattern
            DOMAIN = Pattern.compile("\\.?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z][a-z0-9-]*"),
            // As verifiers take it: docs/protocols/formats.md, section 3.
            CRL_URL = Pattern.compile("http://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[!-~]{0,400}");

    Grant {
        domains = List.copyOf(domains);
    }

    static Grant of(Kind kind, List<String> domains, String crlUrl) throws IOException {
        if (kind == Kind.TEL && !domains.isEmpty()) throw new IOException("Phone numbers have no domain.");
        if (domains.size() > MAX_DOMAINS) throw new IOException("These are too many domains.");
        for (String each : domains)
            if (each.length() > 250 || !DOMAIN.matcher(each).matches())
                throw new IOException("Not a domain in ASCII and lower case: " + each);
        if (!CRL_URL.matcher(crlUrl).matches())
            throw new IOException("The list of withdrawn CAs needs an http: URL, not https: (RFC 5280, section 8).");
        return new Grant(kind, domains, crlUrl);
    }

    /// Name constraints, critical as they must be, and the CRL distribution point.
    List<Extension> extensions() throws IOException {
        return List.of(
                new Extension(Extension.nameConstraints, true, new DEROctetString(constraints())),
                new Extension(Extension.cRLDistributionPoints, false, new DEROctetString(point(crlUrl))));
    }

    private NameConstraints constraints() {
        var permitted = new ArrayList<GeneralSubtree>();
        if (kind == Kind.TEL) permitted.add(tree(GeneralName.rfc822Name, NOWHERE));
        else permitted.add(tree(GeneralName.uniformResourceIdentifier, NOWHERE));
        for (String each : domains) permitted.add(tree(GeneralName.rfc822Name, each));
        var excluded = List.of(
                tree(GeneralName.dNSName, ""),
                new GeneralSubtree(new GeneralName(new X500Name(""))),
                address(8),
                address(32));
        return new NameConstraints(permitted.toArray(GeneralSubtree[]::new), excluded.toArray(GeneralSubtree[]::new));
    }

    private static GeneralSubtree tree(int kind, String text) {
        return new GeneralSubtree(new GeneralName(kind, text));
    }

    /// Every IP address: address and mask of zeros, 8 bytes for IPv4 and 32 for IPv6.
    private static GeneralSubtree address(int bytes) {
        return new GeneralSubtree(new GeneralName(GeneralName.iPAddress, new DEROctetString(new byte[bytes])));
    }

    private static CRLDistPoint point(String url) {
        var name = new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, url));
        return new CRLDistPoint(
                new DistributionPoint[] {new DistributionPoint(new DistributionPointName(name), null, null)});
    }

    @Override
    public String toString() {
        return switch (kind) {
            case EMAIL -> "e-mail addresses" + (domains.isEmpty() ? "" : " of " + String.join(", ", domains));
            case TEL -> "phone numbers";
        };
    }
}
