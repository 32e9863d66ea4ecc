package dev.starling.ca.validation;

import dev.starling.ca.store.Receipt;
import java.io.IOException;
import java.util.Base64;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;

/// The public half of a [ProofKey]: whether its holder signed a receipt.
///
/// @param key Ed25519 (RFC 8032), 32 bytes
public record ProofCheck(byte[] key) {
    private static final int KEY_BYTES = 32, SIGNATURE_BYTES = 64;

    public ProofCheck {
        key = key.clone();
    }

    @Override
    public byte[] key() {
        return key.clone();
    }

    /// Base64url, 43 characters.
    public String text() {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(key);
    }

    public static ProofCheck parse(String text) throws IOException {
        try {
            byte[] key = Base64.getUrlDecoder().decode(text.strip());
            if (key.length == KEY_BYTES) return new ProofCheck(key);
        } catch (IllegalArgumentException e) {
            throw new IOException("That is no key of proofs: " + text, e);
        }
        throw new IOException("That is no key of proofs: " + text);
    }

    public boolean hasSigned(Receipt receipt) {
        byte[] signature = receipt.signature(), said = receipt.said();
        if (signature.length != SIGNATURE_BYTES) return false;
        try {
            var verifier = new Ed25519Signer();
            verifier.init(false, new Ed25519PublicKeyParameters(key));
            verifier.update(said, 0, said.length);
            return verifier.verifySignature(signature);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
