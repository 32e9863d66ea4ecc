package dev.starling.sip.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.Test;

/// For which SIP domains a certificate speaks: RFC 5922, section 7.
class Rfc5922Test {
    private static X509Certificate certificate(String commonName, GeneralName... names) throws Exception {
        KeyPair key = KeyPairGenerator.getInstance("EC").generateKeyPair();
        Instant now = Instant.parse("2026-11-24T12:00:00Z");
        var subject = new X500Name("CN=" + commonName);
        var builder = new JcaX509v3CertificateBuilder(
                subject, BigInteger.ONE, Date.from(now), Date.from(now.plusSeconds(3600)), subject, key.getPublic());
        if (names.length > 0) builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
        var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate());
        return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
    }

    private static GeneralName uri(String text) {
        return new GeneralName(GeneralName.uniformResourceIdentifier, text);
    }

    private static GeneralName dns(String text) {
        return new GeneralName(GeneralName.dNSName, text);
    }

    @Test
    void aSipUriWithoutAUserNamesADomain() throws Exception {
        var leaf = certificate("x", uri("sip:example.com"), uri("sip:bob@example.org"), uri("https://example.net/"));
        assertEquals(Set.of("example.com"), DomainCertificate.domains(leaf));
        assertTrue(DomainCertificate.isFor(leaf, "EXAMPLE.com"));
        assertFalse(DomainCertificate.isFor(leaf, "example.org"));
    }

    @Test
    void namesOfTheDnsCountWhereThereIsNoSipUri() throws Exception {
        assertEquals(
                Set.of("example.com", "example.org"),
                DomainCertificate.domains(certificate("x", dns("example.com"), dns("EXAMPLE.ORG"))));
        // Section 7.1: where there are URIs, only they.
        assertEquals(
                Set.of("example.com"),
                DomainCertificate.domains(certificate("x", dns("example.org"), uri("sip:example.com"))));
    }

    @Test
    void aWildcardAndAPartOfANameMatchNothing() throws Exception {
        var leaf = certificate("x", dns("*.example.com"), dns("example.com"));
        assertFalse(DomainCertificate.isFor(leaf, "sip.example.com"));
        assertFalse(DomainCertificate.isFor(leaf, "ample.com"));
        assertTrue(DomainCertificate.isFor(leaf, "example.com"));
    }

    @Test
    void theHostThatTheDnsNamedIsNotAsked() throws Exception {
        // SRV of example.com leads to this host, for which the certificate is: it must be for example.com.
        assertFalse(DomainCertificate.isFor(certificate("x", dns("sip.provider.example")), "example.com"));
    }

    @Test
    void theCommonNameIsNotLookedAt() throws Exception {
        assertFalse(DomainCertificate.isFor(certificate("example.com"), "example.com"));
        assertFalse(DomainCertificate.isFor(certificate("example.com", dns("example.org")), "example.com"));
    }
}
