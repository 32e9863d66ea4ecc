package dev.starling.ca.issuance;

import dev.starling.identity.CertificateExtensions;
import java.io.IOException;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.util.Optional;

/// Where everybody finds the lists of withdrawn certificates: what our certificates name (RFC 5280, section 4.2.1.13).
///
/// RFC 5280, section 8: plain HTTP, because a list vouches for itself, and because whoever checks the certificate of an
/// HTTPS server may need a list for that first.
///
/// @param base URL before `/acme/crl/KEY.crl`, without a slash at the end; "" when certificates name no list
public record ListPlace(String base) {
    public static final ListPlace NONE = new ListPlace("");
    private static final String PATH = "/acme/crl/", NO_KEY = "0".repeat(40);

    public ListPlace {
        if (!base.isEmpty() && !CertificateExtensions.isCrlUrl(url(base, NO_KEY)))
            throw new IllegalArgumentException("not a place for lists: " + base);
    }

    /// The place that goes with the URL of a CA: of HTTPS that of plain HTTP at the usual port, since none can be at
    /// the same. A host that verifiers of ours do not take (formats.md, section 3) is none.
    public static ListPlace beside(String base) {
        if (!base.startsWith("https://") || URI.create(base).getHost() == null)
            return isPlace(base) ? new ListPlace(base) : NONE;
        URI uri = URI.create(base);
        String plain = "http://" + uri.getHost() + uri.getRawPath();
        return isPlace(plain) ? new ListPlace(plain) : NONE;
    }

    private static boolean isPlace(String base) {
        return CertificateExtensions.isCrlUrl(url(base, NO_KEY));
    }

    /// What an operator says: a URL, or `none`.
    public static ListPlace said(String text) throws IOException {
        if (text.equals("none")) return NONE;
        String base = text.replaceFirst("/$", "");
        if (!isPlace(text) || !isPlace(base))
            throw new IOException(
                    "Certificates can name lists at http://HOST or http://HOST:PORT only, not at " + text);
        return new ListPlace(base);
    }

    /// The list of that CA; empty: certificates name none.
    Optional<String> of(X509Certificate issuer) {
        return base.isEmpty() ? Optional.empty() : Optional.of(url(base, CertificateProfile.keyId(issuer)));
    }

    private static String url(String base, String keyId) {
        return base + PATH + keyId + ".crl";
    }

    @Override
    public String toString() {
        return base.isEmpty() ? "none" : url(base, "KEY");
    }
}
