package dev.starling.identity.log;

import java.security.SecureRandom;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;

/// Who can sign with the private half of a [NoteKey].
public interface NoteSigner {
    NoteKey key();

    /// An Ed25519 signature (RFC 8032): the same for the same message.
    byte[] sign(byte[] message);

    /// @param seed the private key as RFC 8032, section 5.1.5, has it: 32 random bytes, a secret to be kept
    static NoteSigner of(String name, NoteKey.Kind kind, byte[] seed) {
        if (seed.length != NoteKey.KEY_BYTES) throw new IllegalArgumentException("size of a key");
        var secret = new Ed25519PrivateKeyParameters(seed);
        var key = new NoteKey(name, kind, secret.generatePublicKey().getEncoded());
        return new NoteSigner() {
            @Override
            public NoteKey key() {
                return key;
            }

            @Override
            public byte[] sign(byte[] message) {
                var signer = new Ed25519Signer();
                signer.init(true, secret);
                signer.update(message, 0, message.length);
                return signer.generateSignature();
            }
        };
    }

    static byte[] newSeed() {
        byte[] seed = new byte[NoteKey.KEY_BYTES];
        new SecureRandom().nextBytes(seed);
        return seed;
    }
}
