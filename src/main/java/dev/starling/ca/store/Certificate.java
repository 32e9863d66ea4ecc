package dev.starling.ca.store;

import java.util.Base64;

/// A certificate that was signed, or was about to be.
///
/// @param serial hexadecimal
/// @param device SHA-256 of its key, hexadecimal
/// @param issuer the key identifier of the CA that signs it, hexadecimal
/// @param toBeSigned TBSCertificate, DER: stored before it is signed
/// @param chain PEM, leaf first; "" before it is signed
/// @param notBefore Unix seconds, as `notAfter`
/// @param revoked when it was withdrawn, Unix seconds; 0 when it was not
/// @param reason CRLReason (RFC 5280, section 5.3.1)
/// @param logIndex where it stands in the CA's log; -1 before
public record Certificate(
        String serial,
        String order,
        String account,
        String type,
        String value,
        String device,
        String issuer,
        byte[] toBeSigned,
        String chain,
        long notBefore,
        long notAfter,
        long revoked,
        int reason,
        long logIndex) {
    public boolean isSigned() {
        return !chain.isEmpty();
    }

    /// What was signed, DER.
    public byte[] leaf() {
        return Base64.getMimeDecoder().decode(chain.substring(chain.indexOf('\n'), chain.indexOf("-----END")));
    }

    public boolean isRevoked() {
        return revoked > 0;
    }

    @Override
    public String toString() {
        return "Certificate[" + serial + "]";
    }
}
