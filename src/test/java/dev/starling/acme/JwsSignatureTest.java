package dev.starling.acme;

import static org.junit.jupiter.api.Assertions.assertThrows;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Numbers that no signature of ES256 has (RFC 7518, section 3.4), which careless verifiers took for one.
class JwsSignatureTest {
    private static final BigInteger N =
            new BigInteger("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16);

    private static byte[] word(BigInteger number) {
        byte[] bytes = number.toByteArray(), word = new byte[32];
        int length = Math.min(32, bytes.length);
        System.arraycopy(bytes, bytes.length - length, word, 32 - length, length);
        return word;
    }

    @Test
    void zeroAndWhatIsTooLargeAreNoSignature() throws Exception {
        var key = new ECKeyGenerator(Curve.P_256).generate();
        byte[] good = Jws.sign(key, Optional.empty(), "bm9uY2U", "https://ca.example/x", "{}");
        Jws.parse(good).verify(key);
        Map<String, Object> json = Json.object(good);
        BigInteger zero = BigInteger.ZERO,
                one = BigInteger.ONE,
                most = one.shiftLeft(256).subtract(one);
        for (BigInteger[] pair :
                new BigInteger[][] {{zero, zero}, {zero, one}, {one, zero}, {N, N}, {N, one}, {one, N}, {most, most}}) {
            byte[] signature = Arrays.copyOf(word(pair[0]), 64);
            System.arraycopy(word(pair[1]), 0, signature, 32, 32);
            refused(json, signature, key);
        }
        for (int length : new int[] {0, 63, 65, 128}) refused(json, new byte[length], key);
    }

    private static void refused(Map<String, Object> json, byte[] signature, com.nimbusds.jose.jwk.ECKey key)
            throws Problem {
        var changed = new java.util.HashMap<String, Object>(json);
        changed.put("signature", Base64.getUrlEncoder().withoutPadding().encodeToString(signature));
        var jws = Jws.parse(Json.write(changed).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        assertThrows(Problem.class, () -> jws.verify(key));
    }
}
