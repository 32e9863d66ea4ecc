package dev.starling.ca.validation;

import dev.starling.ca.store.Receipt;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;

/// The key of whoever proves mailboxes. The codes in the mails are made of it, so that nobody else can know one who has
/// not read the mail, whatever of the CA he has; and it signs that a mailbox was proven ([Receipt]).
public final class ProofKey {
    private static final String FILE = "proof.key";
    private static final int SEED_BYTES = 32, NAME_BYTES = 8, MAC_BYTES = 16;
    /// So many characters hold nothing of the secret bytes.
    private static final int BEGINS = 10;

    private final Ed25519PrivateKeyParameters signing;
    private final SecretKeySpec codes;

    private ProofKey(byte[] seed) {
        signing = new Ed25519PrivateKeyParameters(seed);
        codes = new SecretKeySpec(mac(new SecretKeySpec(seed, "HmacSHA256"), "starling codes 1"), "HmacSHA256");
    }

    /// The one in `folder`, which is made when there is none: what that costs are the codes and proofs that are on
    /// their way.
    public static ProofKey open(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            byte[] fresh = new byte[SEED_BYTES];
            new SecureRandom().nextBytes(fresh);
            Keys.writeOwnerOnly(
                    file, (Base64.getEncoder().encodeToString(fresh) + "\n").getBytes(StandardCharsets.US_ASCII));
        }
        try {
            byte[] seed = Base64.getDecoder().decode(Files.readString(file).strip());
            if (seed.length == SEED_BYTES) return new ProofKey(seed);
        } catch (IllegalArgumentException e) {
            throw damaged(file);
        }
        throw damaged(file);
    }

    private static IOException damaged(Path file) {
        return new IOException("The key " + file + " is damaged. Restore it from a backup.");
    }

    /// The code that is mailed for an authorization: 32 characters, as [MailCode#make] makes them. The first eight
    /// bytes are those of the authorization's id, by which a reply finds it again; 128 bits are secret.
    ///
    /// @param authorization its id, hexadecimal
    public String code(String authorization, String address) {
        byte[] mac = mac(codes, authorization.length() + ":" + authorization + address);
        byte[] code = ByteBuffer.allocate(NAME_BYTES + MAC_BYTES)
                .put(name(authorization))
                .put(mac, 0, MAC_BYTES)
                .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(code);
    }

    /// With what the code of an authorization begins: ten characters, which its account may know.
    public static String begins(String authorization) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(name(authorization))
                .substring(0, BEGINS);
    }

    private static byte[] name(String authorization) {
        return authorization.matches("[0-9a-f]{32}")
                ? HexFormat.of().parseHex(authorization.substring(0, 2 * NAME_BYTES))
                : new byte[NAME_BYTES];
    }

    /// With what the id of its authorization begins, hexadecimal; of what is no code, something that none begins with.
    public static String start(String code) {
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(code);
            return bytes.length == NAME_BYTES + MAC_BYTES
                    ? HexFormat.of().formatHex(Arrays.copyOf(bytes, NAME_BYTES))
                    : "";
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    public Receipt sign(Receipt receipt) {
        byte[] said = receipt.said();
        var signer = new Ed25519Signer();
        signer.init(true, signing);
        signer.update(said, 0, said.length);
        return receipt.signed(signer.generateSignature());
    }

    public ProofCheck check() {
        return new ProofCheck(signing.generatePublicKey().getEncoded());
    }

    private static byte[] mac(SecretKeySpec key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
