package dev.starling.identity;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// P-256 key pairs: made, written to a PKCS#12 file that only its owner can read, read back; signatures in the
/// 64-byte form that JOSE and COSE use.
public final class Keys {
    private static final String ALIAS = "starling";

    private Keys() {}

    public static KeyPair generate() {
        try {
            var generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// ES256 (RFC 7518, section 3.4): r and s, 32 bytes each.
    public static byte[] sign(PrivateKey key, byte[] message) {
        try {
            var signer = Signature.getInstance("SHA256withECDSAinP1363Format");
            signer.initSign(key);
            signer.update(message);
            return signer.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    public static boolean verify(PublicKey key, byte[] message, byte[] signature) {
        if (signature.length != 64) return false;
        try {
            var verifier = Signature.getInstance("SHA256withECDSAinP1363Format");
            verifier.initVerify(key);
            verifier.update(message);
            return verifier.verify(signature);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /// An ECDSA signature on P-256 from DER to r and s, 32 bytes each; empty when it is not one.
    public static Optional<byte[]> plainSignature(byte[] der) {
        try {
            return Optional.of(IssuerKey.plain(der, 32));
        } catch (IdentityException e) {
            return Optional.empty();
        }
    }

    /// A public key from SubjectPublicKeyInfo; anything but an uncompressed point on P-256 in its 91 bytes is
    /// refused.
    public static ECPublicKey p256(byte[] subjectPublicKeyInfo) throws IdentityException {
        if (!IssuerKey.isP256(subjectPublicKeyInfo))
            throw new IdentityException("unsupported-algorithm", "not a P-256 key");
        try {
            var key = KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(subjectPublicKeyInfo));
            if (key instanceof ECPublicKey ec && onCurve(ec)) return ec;
        } catch (GeneralSecurityException e) {
            throw new IdentityException("unsupported-algorithm", String.valueOf(e.getMessage()));
        }
        throw new IdentityException("unsupported-algorithm", "not a P-256 key");
    }

    private static boolean onCurve(ECPublicKey key) {
        var curve = key.getParams().getCurve();
        BigInteger p = ((java.security.spec.ECFieldFp) curve.getField()).getP();
        BigInteger x = key.getW().getAffineX(), y = key.getW().getAffineY();
        if (x.compareTo(p) >= 0 || y.compareTo(p) >= 0) return false;
        BigInteger right = x.modPow(BigInteger.valueOf(3), p)
                .add(curve.getA().multiply(x))
                .add(curve.getB())
                .mod(p);
        return y.multiply(y).mod(p).equals(right);
    }

    public static X509Certificate certificate(byte[] der) throws IdentityException {
        try {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
        } catch (CertificateException e) {
            throw new IdentityException("malformed", String.valueOf(e.getMessage()));
        }
    }

    /// A key with its chain, leaf first.
    public record Held(PrivateKey key, List<X509Certificate> chain) {
        public Held {
            chain = List.copyOf(chain);
        }

        public List<byte[]> der() {
            var all = new ArrayList<byte[]>();
            for (var certificate : chain) all.add(Keys.encoded(certificate));
            return all;
        }

        public PublicKey publicKey() {
            return chain.getFirst().getPublicKey();
        }

        public DeviceId id() {
            return DeviceId.ofKey(publicKey().getEncoded());
        }

        @Override
        public String toString() {
            return "Held[" + id() + "]";
        }
    }

    public static byte[] encoded(Certificate certificate) {
        try {
            return certificate.getEncoded();
        } catch (CertificateException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Writes `held` to a PKCS#12 file, mode 600; the password beside it in FILE.password, mode 600 as well. Replaces
    /// atomically.
    public static void save(Path file, Held held) throws IOException {
        Path passwordFile = passwordFile(file);
        if (!Files.exists(passwordFile)) {
            byte[] random = new byte[24];
            new SecureRandom().nextBytes(random);
            writeOwnerOnly(passwordFile, java.util.Base64.getEncoder().encode(random));
        }
        char[] password = Files.readString(passwordFile).trim().toCharArray();
        try {
            var store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry(ALIAS, held.key(), password, held.chain().toArray(Certificate[]::new));
            var bytes = new java.io.ByteArrayOutputStream();
            store.store(bytes, password);
            writeOwnerOnly(file, bytes.toByteArray());
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot write " + file, e);
        }
    }

    public static Held load(Path file) throws IOException {
        char[] password = Files.readString(passwordFile(file)).trim().toCharArray();
        try (var in = Files.newInputStream(file)) {
            var store = KeyStore.getInstance("PKCS12");
            store.load(in, password);
            var chain = new ArrayList<X509Certificate>();
            var certificates = store.getCertificateChain(ALIAS);
            if (certificates == null || !(store.getKey(ALIAS, password) instanceof PrivateKey key))
                throw new IOException(file + " holds no key");
            for (var certificate : certificates) chain.add((X509Certificate) certificate);
            return new Held(key, chain);
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot read " + file, e);
        }
    }

    /// Creates or replaces a file that only its owner can read, atomically.
    public static void writeOwnerOnly(Path file, byte[] bytes) throws IOException {
        Path folder = java.util.Objects.requireNonNull(file.toAbsolutePath().getParent());
        Files.createDirectories(folder);
        Path fresh = Files.createTempFile(
                folder, ".new", "", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try (var channel = java.nio.channels.FileChannel.open(fresh, java.nio.file.StandardOpenOption.WRITE)) {
            var buffer = java.nio.ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) if (channel.write(buffer) < 0) throw new IOException("cannot write " + file);
            channel.force(true);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            // Where it could not be put in its place.
            Files.deleteIfExists(fresh);
        }
    }

    private static Path passwordFile(Path file) {
        return file.resolveSibling(file.getFileName() + ".password");
    }
}
