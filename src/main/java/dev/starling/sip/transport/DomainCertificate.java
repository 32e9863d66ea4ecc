package dev.starling.sip.transport;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// For which SIP domains a server's certificate speaks: RFC 5922, section 7. The common name is not looked at, which
/// that RFC allows where there is no subjectAltName.
final class DomainCertificate {
    private static final int DNS_NAME = 2, URI = 6;
    private static final String SIP = "sip:";

    private DomainCertificate() {}

    /// Section 7.2: the domain as it stands in the URI, whatever host the DNS named for it; letters of either case; no
    /// wildcard counts.
    static boolean isFor(X509Certificate leaf, String domain) {
        return domains(leaf).contains(domain.toLowerCase(Locale.ROOT));
    }

    /// Section 7.1: `sip:` URIs that name a domain and nobody in it; names of the DNS only where there are none.
    static Set<String> domains(X509Certificate leaf) {
        Collection<List<?>> names;
        try {
            names = Optional.ofNullable(leaf.getSubjectAlternativeNames()).orElse(List.of());
        } catch (CertificateParsingException e) {
            return Set.of();
        }
        var uris = new TreeSet<String>();
        var hosts = new TreeSet<String>();
        for (List<?> each : names) {
            if (!(each.get(0) instanceof Integer kind) || !(each.get(1) instanceof String text)) continue;
            String name = text.toLowerCase(Locale.ROOT);
            if (kind == DNS_NAME) hosts.add(name);
            if (kind == URI && name.startsWith(SIP) && name.indexOf('@') < 0) uris.add(name.substring(SIP.length()));
        }
        return uris.isEmpty() ? hosts : uris;
    }
}
