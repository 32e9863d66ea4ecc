package dev.starling.mail;

import static dev.starling.mail.MailRefused.unless;

import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.security.Provider;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.pkcs.RSASSAPSSparams;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OperatorCreationException;

/// Whether a certificate of a mail's sender vouches for it (RFC 8550, RFC 8551): one signer, with an algorithm of
/// today, whose certificate is for mail and names the address, is of somebody whom the operator named, and is not one
/// that was given for such a proof: a stolen key could else renew itself for ever.
public final class SmimeVerifier {
    /// How wrong clocks may be, ours and the certifiers'.
    static final Duration SKEW = Duration.ofMinutes(5);

    static final String EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";
    private static final String PSS = "1.2.840.113549.1.1.10";
    // The JDK does not know PSS by the name that the library asks for.
    private static final Provider CRYPTO = new BouncyCastleProvider();
    private static final int RFC822_NAME = 1, MAX_NAMES = 20;
    /// SHA-256, SHA-384, SHA-512.
    private static final Set<String> DIGESTS =
            Set.of("2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3");
    /// RSA by PKCS #1 v1.5 with those, or with what the digest says; PSS; ECDSA; Ed25519 (RFC 8419).
    private static final Set<String> SIGNATURES = Set.of(
            "1.2.840.113549.1.1.1",
            "1.2.840.113549.1.1.11",
            "1.2.840.113549.1.1.12",
            "1.2.840.113549.1.1.13",
            PSS,
            "1.2.840.10045.4.3.2",
            "1.2.840.10045.4.3.3",
            "1.2.840.10045.4.3.4",
            "1.3.101.112");

    /// Knows the certificates that prove nothing.
    public interface Ours {
        /// Whether it was given for a proof of a mailbox, or belongs to whoever gives such.
        boolean has(X509Certificate certificate) throws IOException;
    }

    private final SmimeTrust trust;
    private final Ours ours;
    private final InstantSource clock;

    public SmimeVerifier(SmimeTrust trust, Ours ours, InstantSource clock) {
        this.trust = trust;
        this.ours = ours;
        this.clock = clock;
    }

    /// The signer's certificate first, the anchor last.
    ///
    /// @param from the address that must be the signer's
    /// @throws IOException the operator's list of anchors cannot be read
    public List<X509Certificate> verify(SmimeMail mail, Address from) throws MailRefused, IOException {
        List<X509Certificate> all = signedBy(mail);
        X509Certificate leaf = all.getFirst();
        checkUsage(leaf);
        Instant now = SmimeTrust.within(leaf, clock.instant(), SKEW);
        unless(names(leaf).contains(from), Reason.SMIME_ADDRESS);
        unless(!ours.has(leaf), Reason.SMIME_OURS);
        List<X509Certificate> path = trust.path(leaf, all, now);
        for (X509Certificate each : path) unless(!ours.has(each), Reason.SMIME_OURS);
        return path;
    }

    /// Whose key has signed, and whatever certificates came along.
    private static List<X509Certificate> signedBy(SmimeMail mail) throws MailRefused {
        try {
            SignerInformation signer =
                    mail.signed().getSignerInfos().getSigners().iterator().next();
            checkAlgorithms(signer);
            List<X509Certificate> all = certificates(mail, signer);
            SmimeTrust.checkStrength(all.getFirst());
            checkSignature(signer, all.getFirst());
            return all;
        } catch (RuntimeException e) {
            // The library reads some parts only when it is asked for them.
            throw new MailRefused(Reason.SMIME_STRUCTURE);
        }
    }

    private static void checkAlgorithms(SignerInformation signer) throws MailRefused {
        unless(DIGESTS.contains(signer.getDigestAlgOID()), Reason.SMIME_ALGORITHM);
        unless(SIGNATURES.contains(signer.getEncryptionAlgOID()), Reason.SMIME_ALGORITHM);
        if (signer.getEncryptionAlgOID().equals(PSS))
            unless(
                    isPss(signer.toASN1Structure()
                            .getDigestEncryptionAlgorithm()
                            .getParameters()),
                    Reason.SMIME_ALGORITHM);
        // Without attributes a signature can be passed off as one of something else.
        unless(signer.getSignedAttributes() != null, Reason.SMIME_ALGORITHM);
    }

    /// RFC 4055, section 3.1: what is absent means SHA-1.
    private static boolean isPss(ASN1Encodable parameters) {
        try {
            var hash = RSASSAPSSparams.getInstance(parameters).getHashAlgorithm();
            return DIGESTS.contains(hash.getAlgorithm().getId());
        } catch (RuntimeException e) {
            return false;
        }
    }

    /// The signer's certificate first; it must be there, once.
    private static List<X509Certificate> certificates(SmimeMail mail, SignerInformation signer) throws MailRefused {
        try {
            var signers = new ArrayList<X509Certificate>();
            var all = new ArrayList<X509Certificate>();
            for (X509CertificateHolder each : mail.signed().getCertificates().getMatches(null)) {
                X509Certificate certificate = Keys.certificate(each.getEncoded());
                all.add(certificate);
                if (signer.getSID().match(each)) signers.add(certificate);
            }
            unless(signers.size() == 1, Reason.SMIME_CERTIFICATE);
            all.addFirst(signers.getFirst());
            return all;
        } catch (IOException | IdentityException | RuntimeException e) {
            throw new MailRefused(Reason.SMIME_CERTIFICATE);
        }
    }

    private static void checkSignature(SignerInformation signer, X509Certificate leaf) throws MailRefused {
        try {
            var verifier =
                    new JcaSimpleSignerInfoVerifierBuilder().setProvider(CRYPTO).build(leaf.getPublicKey());
            unless(signer.verify(verifier), Reason.SMIME_SIGNATURE);
        } catch (CMSException | OperatorCreationException | RuntimeException e) {
            // Also when the digest is of something else, or the attributes contradict each other.
            throw new MailRefused(Reason.SMIME_SIGNATURE);
        }
    }

    /// RFC 8550, sections 4.4.1, 4.4.2 and 4.4.4, and here the extended usage must be said.
    private static void checkUsage(X509Certificate leaf) throws MailRefused {
        try {
            boolean[] usage = leaf.getKeyUsage();
            var extended = leaf.getExtendedKeyUsage();
            unless(usage == null || usage[0], Reason.SMIME_CERTIFICATE);
            unless(extended != null && extended.contains(EMAIL_PROTECTION), Reason.SMIME_CERTIFICATE);
            unless(leaf.getBasicConstraints() < 0, Reason.SMIME_CERTIFICATE);
        } catch (CertificateParsingException e) {
            throw new MailRefused(Reason.SMIME_CERTIFICATE);
        }
    }

    /// RFC 8550, section 3. Names in the subject do not count, and neither does SmtpUTF8Mailbox (RFC 9598), for that is
    /// only for addresses that are not certified here.
    private static List<Address> names(X509Certificate leaf) throws MailRefused {
        var found = new ArrayList<Address>();
        try {
            var all = leaf.getSubjectAlternativeNames();
            unless(all == null || all.size() <= MAX_NAMES, Reason.SMIME_CERTIFICATE);
            for (List<?> each : all == null ? List.<List<?>>of() : all)
                if (each.getFirst().equals(RFC822_NAME) && each.get(1) instanceof String name) found.add(address(name));
            return found;
        } catch (CertificateParsingException e) {
            throw new MailRefused(Reason.SMIME_CERTIFICATE);
        } catch (IdentityException e) {
            // A certificate with a name that could be read in two ways is for nobody.
            throw new MailRefused(Reason.SMIME_ADDRESS);
        }
    }

    private static Address address(String name) throws IdentityException {
        Address address = Address.parse(name);
        if (address.isPhone()) throw new IdentityException("bad-address", name);
        return address;
    }
}
