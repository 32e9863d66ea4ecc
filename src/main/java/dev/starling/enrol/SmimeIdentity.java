package dev.starling.enrol;

import dev.starling.enrol.EnrolmentException.Reason;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateFields;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.Proxy;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERPrintableString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// An S/MIME key in a PKCS#12 file as identity, with no enrolment: it signs a proxy certificate (RFC 3820) for the
/// device's own key, and is not kept (docs/protocols/formats.md, section 3).
public final class SmimeIdentity {
    private static final Duration LIFE = Duration.ofDays(30), BACKDATED = Duration.ofMinutes(5);
    private static final int MAX_FILE_BYTES = 256 * 1024;

    private record Owner(PrivateKey key, List<X509Certificate> chain, CertificateFields certificate) {
        @Override
        public String toString() {
            return "Owner[" + certificate + "]";
        }
    }

    private final CertificateVerifier verifier;
    private final Clock clock;

    public SmimeIdentity(CertificateVerifier verifier, Clock clock) {
        this.verifier = verifier;
        this.clock = clock;
    }

    /// Certifies a device key by the S/MIME key in `pkcs12` and writes both to `file`; with a key in `file` already,
    /// that is the key: a renewal.
    ///
    /// @param wanted one of the certificate's addresses; empty when it has just one
    public Keys.Held certify(Path pkcs12, char[] passphrase, Optional<Address> wanted, Path file)
            throws EnrolmentException, IOException {
        Owner owner = open(pkcs12, passphrase);
        Address address = address(owner, wanted);
        KeyPair device = deviceKey(file);
        var chain = new ArrayList<X509Certificate>();
        chain.add(proxy(owner, address, device.getPublic()));
        for (var each : owner.chain)
            // A root travels with nobody: whoever believes it has it.
            if (!each.getSubjectX500Principal().equals(each.getIssuerX500Principal())) chain.add(each);
        try {
            var verified = verifier.verify(chain.stream().map(Keys::encoded).toList(), address, clock.instant());
            if (!verified.device().equals(DeviceId.ofKey(device.getPublic().getEncoded())))
                throw new IllegalStateException("certified another key");
        } catch (IdentityException e) {
            throw refused(
                    e.reason().equals("unknown-anchor")
                            ? "The certificate in this file is from "
                                    + owner.chain.getLast().getIssuerX500Principal()
                                    + ", which you do not believe: name that CA with --anchor."
                            : "The certificate in this file cannot be used: " + e.getMessage() + ".");
        }
        var held = new Keys.Held(device.getPrivate(), chain);
        Keys.save(file, held);
        return held;
    }

    private static KeyPair deviceKey(Path file) throws IOException {
        if (!Files.exists(file)) return Keys.generate();
        Keys.Held held = Keys.load(file);
        return new KeyPair(held.publicKey(), held.key());
    }

    private Owner open(Path pkcs12, char[] passphrase) throws EnrolmentException, IOException {
        if (Files.size(pkcs12) > MAX_FILE_BYTES) throw refused("This is not a PKCS#12 file.");
        KeyStore store = load(Files.readAllBytes(pkcs12), passphrase);
        Optional<String> why = Optional.empty();
        try {
            for (String alias : Collections.list(store.aliases())) {
                if (!(store.getKey(alias, passphrase) instanceof PrivateKey key)) continue;
                var chain = new ArrayList<X509Certificate>();
                for (var each : store.getCertificateChain(alias)) chain.add((X509Certificate) each);
                var certificate = CertificateFields.parse(Keys.encoded(chain.getFirst()));
                why = unfit(certificate);
                if (why.isEmpty()) return new Owner(key, chain, certificate);
            }
        } catch (GeneralSecurityException e) {
            throw refused("The key in this file cannot be opened: " + e.getMessage());
        } catch (IdentityException e) {
            throw refused("The certificate in this file cannot be read: " + e.getMessage());
        }
        throw refused(why.orElse("There is no key with its certificate in this file."));
    }

    private static KeyStore load(byte[] bytes, char[] passphrase) throws EnrolmentException {
        try {
            var store = KeyStore.getInstance("PKCS12");
            store.load(new ByteArrayInputStream(bytes), passphrase);
            return store;
        } catch (IOException e) {
            throw refused(
                    e.getCause() instanceof java.security.UnrecoverableKeyException
                            ? "The passphrase is wrong."
                            : "This is not a PKCS#12 file, its passphrase is wrong, or Java does not read its cipher.");
        } catch (GeneralSecurityException e) {
            throw refused("This file cannot be opened: " + e.getMessage());
        }
    }

    /// Why a certificate cannot stand for a person; empty when it can.
    private Optional<String> unfit(CertificateFields certificate) {
        Instant now = clock.instant();
        if (Proxy.addresses(certificate).isEmpty())
            return Optional.of("There is no certificate with an e-mail address in this file.");
        if (certificate.subjectNames().isEmpty())
            return Optional.of(
                    "The certificate in this file has an empty subject; such a certificate cannot vouch for a"
                            + " device.");
        return now.isBefore(certificate.notBefore()) || now.isAfter(certificate.notAfter())
                ? Optional.of("The certificate in this file is not valid today.")
                : Optional.empty();
    }

    private static Address address(Owner owner, Optional<Address> wanted) throws EnrolmentException {
        var all = Proxy.addresses(owner.certificate);
        if (wanted.isPresent() && !all.contains(wanted.get().text()))
            throw refused("The certificate in this file is for " + String.join(", ", all) + ".");
        if (wanted.isEmpty() && all.size() > 1)
            throw refused("The certificate in this file has several addresses; name one of them: "
                    + String.join(", ", all) + ".");
        try {
            return wanted.isPresent() ? wanted.get() : Address.parse(all.getFirst());
        } catch (IdentityException e) {
            throw new IllegalStateException(e);
        }
    }

    private X509Certificate proxy(Owner owner, Address address, PublicKey device) throws EnrolmentException {
        Instant now = clock.instant();
        Instant from = later(owner.certificate.notBefore(), now.minus(BACKDATED));
        Instant end = now.plus(LIFE);
        X500Name issuer = X500Name.getInstance(owner.certificate.subject());
        var names = new ArrayList<>(List.of(issuer.getRDNs()));
        names.add(new RDN(
                BCStyle.CN,
                new DERPrintableString(DeviceId.ofKey(device.getEncoded()).hex())));
        var builder = new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(127, new SecureRandom()).setBit(126),
                Date.from(from),
                Date.from(end.isBefore(owner.certificate.notAfter()) ? end : owner.certificate.notAfter()),
                new X500Name(names.toArray(RDN[]::new)),
                device);
        try {
            var utils = new JcaX509ExtensionUtils();
            builder.addExtension(new ASN1ObjectIdentifier(Proxy.INFO), true, information(address));
            builder.addExtension(
                    Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyAgreement));
            builder.addExtension(
                    Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_emailProtection));
            var ownerKey = owner.certificate.extensions().subjectKey();
            if (ownerKey.isPresent())
                builder.addExtension(
                        Extension.authorityKeyIdentifier, false, new AuthorityKeyIdentifier(ownerKey.get()));
            builder.addExtension(Extension.subjectKeyIdentifier, false, utils.createSubjectKeyIdentifier(device));
            var signer = new JcaContentSignerBuilder(algorithm(owner.key)).build(owner.key);
            return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
        } catch (CertIOException | GeneralSecurityException | OperatorCreationException e) {
            throw refused("The key in this file cannot sign: " + e.getMessage());
        }
    }

    // ProxyCertInfo (RFC 3820, section 3.8): no proxy below, and the address is the policy.
    private static DERSequence information(Address address) {
        var policy = new ASN1EncodableVector();
        policy.add(new ASN1ObjectIdentifier(Proxy.DEVICE_LANGUAGE));
        policy.add(new DEROctetString(address.text().getBytes(StandardCharsets.US_ASCII)));
        var all = new ASN1EncodableVector();
        all.add(new ASN1Integer(0));
        all.add(new DERSequence(policy));
        return new DERSequence(all);
    }

    private static String algorithm(PrivateKey key) {
        if (!(key instanceof ECKey ec)) return "SHA256withRSA";
        return ec.getParams().getOrder().bitLength() > 256 ? "SHA384withECDSA" : "SHA256withECDSA";
    }

    private static Instant later(Instant a, Instant b) {
        return a.isAfter(b) ? a : b;
    }

    private static EnrolmentException refused(String why) {
        return new EnrolmentException(Reason.REFUSED, why);
    }
}
