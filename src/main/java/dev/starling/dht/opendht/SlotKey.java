package dev.starling.dht.opendht;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Arrays;

/// The RSA key that owns this peer's values in OpenDHT. It proves nothing to people: it only keeps others from
/// replacing what lies in our slots, and OpenDHT takes no other kind of key.
final class SlotKey {
    private static final int BITS = 2048;

    private final PrivateKey key;
    private final byte[] owner;

    private SlotKey(RSAPrivateCrtKey key) throws GeneralSecurityException {
        this.key = key;
        owner = KeyFactory.getInstance("RSA")
                .generatePublic(new RSAPublicKeySpec(key.getModulus(), key.getPublicExponent()))
                .getEncoded();
    }

    /// Reads the key (PKCS#8) or makes it once, readable by its owner only.
    static SlotKey loadOrMake(Path file) throws IOException {
        try {
            if (!Files.exists(file)) write(file, make().key.getEncoded());
            var key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(file)));
            if (key instanceof RSAPrivateCrtKey rsa) return new SlotKey(rsa);
            throw new IOException(file + " holds no RSA key");
        } catch (GeneralSecurityException e) {
            throw new IOException(
                    "the key of our DHT values in " + file + " cannot be read (" + e.getMessage()
                            + "). Move it away: a new one is made, and the old values end within ten minutes.",
                    e);
        }
    }

    static SlotKey make() throws GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(BITS);
        return new SlotKey((RSAPrivateCrtKey) generator.generateKeyPair().getPrivate());
    }

    private static void write(Path file, byte[] bytes) throws IOException {
        Path folder = java.util.Objects.requireNonNull(file.toAbsolutePath().getParent());
        Files.createDirectories(folder);
        Path fresh = Files.createTempFile(
                folder, ".new", "", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try (var channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
            var buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) if (channel.write(buffer) < 0) throw new IOException("cannot write " + file);
            channel.force(true);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /// SubjectPublicKeyInfo.
    byte[] owner() {
        return owner.clone();
    }

    boolean owns(Signed value) {
        return Arrays.equals(owner, value.owner());
    }

    Signed sign(long id, int seq, byte[] data) {
        try {
            var signer = Signature.getInstance("SHA512withRSA");
            signer.initSign(key);
            signer.update(Signed.toSign(seq, owner, data));
            return new Signed(id, seq, owner, data, signer.sign(), false);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
