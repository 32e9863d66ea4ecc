package dev.starling.identity.log;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.Arrays;

/// Who can sign with the private half of a [NoteKey].
public interface NoteSigner {
    NoteKey key();

    /// An Ed25519 signature (RFC 8032): the same for the same message.
    byte[] sign(byte[] message);

    static NoteSigner of(String name, NoteKey.Kind kind, KeyPair pair) {
        byte[] spki = pair.getPublic().getEncoded();
        var key = new NoteKey(name, kind, Arrays.copyOfRange(spki, spki.length - NoteKey.KEY_BYTES, spki.length));
        return new NoteSigner() {
            @Override
            public NoteKey key() {
                return key;
            }

            @Override
            public byte[] sign(byte[] message) {
                try {
                    var signer = Signature.getInstance("Ed25519");
                    signer.initSign(pair.getPrivate());
                    signer.update(message);
                    return signer.sign();
                } catch (GeneralSecurityException e) {
                    throw new IllegalStateException(e);
                }
            }
        };
    }

    static KeyPair generate() {
        try {
            return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
