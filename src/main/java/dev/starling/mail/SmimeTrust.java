package dev.starling.mail;

import static dev.starling.mail.MailRefused.unless;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateParsingException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXCertPathBuilderResult;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.PSSParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Whom the operator believes about mail addresses: a file of PEM with their certificates and, if wanted, with their
/// lists of withdrawn ones (RFC 5280). It is read again for each signature, so that a newer list counts at once.
/// Nothing is fetched from anywhere: where a certificate says that its issuer or a list lies, a stranger wrote.
public final class SmimeTrust {
    private static final long MAX_FILE = 16L * 1024 * 1024;
    private static final int MAX_ITEMS = 500, MAX_PATH = 4;
    private static final int LEAST_RSA = 2048, MOST_RSA = 8192, LEAST_EC = 256, MOST_EC = 521;
    private static final BigInteger MAX_EXPONENT = BigInteger.ONE.shiftLeft(32);
    private static final String CONSTRAINTS = "2.5.29.30", ANY_USAGE = "2.5.29.37.0";
    private static final Set<String> SIGNATURES = Set.of(
            "SHA256WITHRSA",
            "SHA384WITHRSA",
            "SHA512WITHRSA",
            "SHA256WITHECDSA",
            "SHA384WITHECDSA",
            "SHA512WITHECDSA",
            "ED25519",
            "EDDSA");
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN (CERTIFICATE|X509 CRL)-----\\s+([A-Za-z0-9+/=\\s]+?)-----END \\1-----");

    private final Path file;

    private SmimeTrust(Path file) {
        this.file = file;
    }

    /// @throws IOException the file cannot be read, or names nobody
    public static SmimeTrust open(Path file) throws IOException {
        var trust = new SmimeTrust(file);
        var _ = trust.read();
        return trust;
    }

    private record Named(Set<TrustAnchor> anchors, List<X509CRL> lists) {}

    private Named read() throws IOException {
        if (Files.size(file) > MAX_FILE) throw new IOException(file + " is too large for a list of certificates");
        var anchors = new ArrayList<X509Certificate>();
        var lists = new ArrayList<X509CRL>();
        var items = PEM.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
        try {
            var factory = CertificateFactory.getInstance("X.509");
            while (items.find()) {
                var der = new ByteArrayInputStream(
                        Base64.getMimeDecoder().decode(items.group(2).strip()));
                if (items.group(1).equals("CERTIFICATE"))
                    anchors.add((X509Certificate) factory.generateCertificate(der));
                else lists.add((X509CRL) factory.generateCRL(der));
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(file + " holds something that is no certificate and no list", e);
        }
        if (anchors.isEmpty()) throw new IOException(file + " holds no certificate (PEM)");
        if (anchors.size() > MAX_ITEMS || lists.size() > MAX_ITEMS)
            throw new IOException(file + " holds more than " + MAX_ITEMS + " certificates or lists");
        for (X509Certificate each : anchors)
            if (each.getExtensionValue(CONSTRAINTS) != null)
                // The JDK does not apply those of an anchor.
                throw new IOException(file + ": the names that " + each.getSubjectX500Principal()
                        + " may certify are constrained. Name what it certified instead.");
        return new Named(
                anchors.stream().map(each -> new TrustAnchor(each, null)).collect(Collectors.toSet()), lists);
    }

    /// From `leaf` to an anchor, which comes last; all valid, strong, and not withdrawn, and between them nobody who is
    /// to certify something else than mail.
    ///
    /// @param others certificates that may lie between
    List<X509Certificate> path(X509Certificate leaf, List<X509Certificate> others, Instant now)
            throws MailRefused, IOException {
        Named named = read();
        List<X509Certificate> path = built(named, leaf, others, now);
        for (X509Certificate each : path) checkStrength(each);
        unless(isValid(path.getLast(), now), Reason.SMIME_CHAIN);
        for (int i = 0; i + 1 < path.size(); i++) {
            unless(isStrong(path.get(i)), Reason.SMIME_ALGORITHM);
            checkLists(named.lists(), path.get(i), path.get(i + 1), now);
        }
        return path;
    }

    private static List<X509Certificate> built(
            Named named, X509Certificate leaf, List<X509Certificate> others, Instant now) throws MailRefused {
        try {
            var wanted = new X509CertSelector();
            wanted.setCertificate(leaf);
            var parameters = new PKIXBuilderParameters(named.anchors(), wanted);
            parameters.setDate(Date.from(now));
            parameters.setMaxPathLength(MAX_PATH);
            // By what the operator gave, below.
            parameters.setRevocationEnabled(false);
            List<X509Certificate> between = others.stream()
                    .filter(each -> each.equals(leaf) || isForMail(each))
                    .toList();
            parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(between)));
            var found = (PKIXCertPathBuilderResult)
                    CertPathBuilder.getInstance("PKIX").build(parameters);
            var path = new ArrayList<X509Certificate>();
            found.getCertPath().getCertificates().forEach(each -> path.add((X509Certificate) each));
            path.add(found.getTrustAnchor().getTrustedCert());
            return path;
        } catch (GeneralSecurityException | RuntimeException e) {
            throw new MailRefused(Reason.SMIME_CHAIN);
        }
    }

    /// RFC 5280, section 4.2.1.12, says what a certificate's own key is for. As CAs use it, it also bounds
    /// what a subordinate CA may certify, and the JDK does not look at that.
    private static boolean isForMail(X509Certificate ca) {
        try {
            List<String> usages = ca.getExtendedKeyUsage();
            return usages == null || usages.contains(SmimeVerifier.EMAIL_PROTECTION) || usages.contains(ANY_USAGE);
        } catch (CertificateParsingException e) {
            return false;
        }
    }

    /// How it was signed.
    private static boolean isStrong(X509Certificate certificate) {
        String name = certificate.getSigAlgName().toUpperCase(Locale.ROOT);
        if (!name.equals("RSASSA-PSS")) return SIGNATURES.contains(name);
        try {
            var parameters = AlgorithmParameters.getInstance("RSASSA-PSS");
            parameters.init(certificate.getSigAlgParams());
            String digest = parameters.getParameterSpec(PSSParameterSpec.class).getDigestAlgorithm();
            return Set.of("SHA-256", "SHA-384", "SHA-512").contains(digest);
        } catch (GeneralSecurityException | IOException e) {
            return false;
        }
    }

    private static void checkLists(
            List<X509CRL> lists, X509Certificate certificate, X509Certificate issuer, Instant now) throws MailRefused {
        boolean known = false, fresh = false;
        for (X509CRL list : lists) {
            if (!isBy(list, issuer)) continue;
            known = true;
            var entry = Optional.<X509CRLEntry>ofNullable(list.getRevokedCertificate(certificate.getSerialNumber()));
            unless(entry.isEmpty(), Reason.SMIME_REVOKED);
            fresh |= list.getNextUpdate() != null
                    && list.getNextUpdate().toInstant().plus(SmimeVerifier.SKEW).isAfter(now);
        }
        unless(fresh || !known, Reason.SMIME_LIST);
    }

    private static boolean isBy(X509CRL list, X509Certificate issuer) {
        if (!list.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())) return false;
        try {
            list.verify(issuer.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            // Of another one of that name.
            return false;
        }
    }

    private static boolean isValid(X509Certificate certificate, Instant at) {
        try {
            certificate.checkValidity(Date.from(at));
            return true;
        } catch (CertificateExpiredException | CertificateNotYetValidException e) {
            return false;
        }
    }

    /// Now, or as much earlier or later as clocks may differ, so that the certificate is valid then.
    static Instant within(X509Certificate certificate, Instant now, Duration skew) throws MailRefused {
        for (Instant each : List.of(now, now.plus(skew), now.minus(skew))) if (isValid(certificate, each)) return each;
        throw new MailRefused(Reason.SMIME_TIME);
    }

    static void checkStrength(X509Certificate certificate) throws MailRefused {
        PublicKey key = certificate.getPublicKey();
        boolean strong = switch (key) {
            case RSAPublicKey rsa -> {
                int bits = rsa.getModulus().bitLength();
                BigInteger e = rsa.getPublicExponent();
                yield bits >= LEAST_RSA
                        && bits <= MOST_RSA
                        && e.testBit(0)
                        && e.bitLength() > 1
                        && e.compareTo(MAX_EXPONENT) < 0;
            }
            case ECPublicKey ec -> {
                int bits = ec.getParams().getOrder().bitLength();
                yield bits >= LEAST_EC && bits <= MOST_EC;
            }
            case EdECPublicKey _ -> true;
            default -> false;
        };
        unless(strong, Reason.SMIME_ALGORITHM);
    }
}
