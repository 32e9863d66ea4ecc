package dev.starling.sdp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Fingerprints, keys and candidates: what a call's safety hangs on.
class SecurityLinesTest {
    private static final byte[] CERTIFICATE = {1, 2, 3};
    /// RFC 4568 has this key in its examples.
    private static final String KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

    @Test
    void aFingerprintIsThatOfOneCertificate() throws Exception {
        var fingerprint = Fingerprint.of(CERTIFICATE);
        assertTrue(fingerprint.matches(CERTIFICATE));
        assertFalse(fingerprint.matches(new byte[] {1, 2, 4}));
        // As phones shout it, and in small letters.
        var shouted = Fingerprint.parse("SHA-256 " + fingerprint.hex().toLowerCase(Locale.ROOT));
        assertEquals(fingerprint, shouted);
        assertEquals(fingerprint, Fingerprint.parse(fingerprint.attribute().value()));
    }

    @Test
    void longerHashesServeToo() throws Exception {
        String hex = HexFormat.ofDelimiter(":")
                .formatHex(MessageDigest.getInstance("SHA-512").digest(CERTIFICATE));
        assertTrue(Fingerprint.parse("sha-512 " + hex).matches(CERTIFICATE));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "sha-256",
                "sha-256 AA",
                "sha-256 ZZ:ZZ",
                "md5 D4:1D:8C:D9:8F:00:B2:04:E9:80:09:98:EC:F8:42:7E",
                "sha-1 DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09",
                "sha-512 D1:2C:BE:AD:C4:F6:64:5C:25:16:11:9C:AF:E7:0F:73:79:36:4E:9C:1E:15:54:39:0C:06:8B:ED:96:86:00:39",
            })
    void aWeakOrWrongFingerprintIsRefused(String value) {
        assertThrows(SdpException.class, () -> Fingerprint.parse(value));
    }

    @Test
    void aKeyOfRfc4568IsRead() throws Exception {
        var crypto = Crypto.parse("1 AES_CM_128_HMAC_SHA1_80 inline:" + KEY + "|2^20")
                .orElseThrow();
        byte[] both = Base64.getDecoder().decode(KEY);
        assertEquals(10, crypto.tagBytes());
        assertArrayEquals(Arrays.copyOf(both, 16), crypto.key());
        assertArrayEquals(Arrays.copyOfRange(both, 16, 30), crypto.salt());
        assertEquals(crypto, Crypto.parse(crypto.attribute().value()).orElseThrow());
        assertEquals(
                4,
                Crypto.parse("2 AES_CM_128_HMAC_SHA1_32 inline:" + KEY)
                        .orElseThrow()
                        .tagBytes());
        assertFalse(crypto.toString().contains(KEY));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1 F8_128_HMAC_SHA1_80 inline:" + KEY,
                "1 NULL_HMAC_SHA1_80 inline:" + KEY,
                "1 AES_CM_128_HMAC_SHA1_80 inline:" + KEY + "|2^20|1:4",
                "1 AES_CM_128_HMAC_SHA1_80 inline:" + KEY + ";inline:" + KEY,
                "1 AES_CM_128_HMAC_SHA1_80 inline:" + KEY + " UNENCRYPTED_SRTP",
                "1 AES_CM_128_HMAC_SHA1_80 file:" + KEY,
            })
    void whatIsUnderstoodAndNotTakenIsPassedOver(String value) throws Exception {
        assertEquals(Optional.empty(), Crypto.parse(value));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1 AES_CM_128_HMAC_SHA1_80",
                "x AES_CM_128_HMAC_SHA1_80 inline:" + KEY,
                "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
                "1 AES_CM_128_HMAC_SHA1_80 inline:!!!!",
            })
    void aKeyThatIsNoneIsRefused(String value) {
        assertThrows(SdpException.class, () -> Crypto.parse(value));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1 1 udp 1 host.example.net 5000 typ host",
                "1 2 udp 1 192.0.2.1 5000 typ host",
                "1 1 tcp 1 192.0.2.1 5000 typ host",
                "1 1 udp 1 192.0.2.1 0 typ host",
            })
    void aCandidateOfNoUseIsPassedOver(String value) throws Exception {
        assertEquals(Optional.empty(), Candidate.parse(value));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1 1 udp 1 192.0.2.1 5000",
                "1 1 udp 1 192.0.2.1 99999 typ host",
                "1 1 udp 99999999999 192.0.2.1 5000 typ host",
                "1 1 udp 0 192.0.2.1 5000 typ host",
                "1 1 udp 1 192.0.2.1 5000 type host",
            })
    void aCandidateThatIsNoneIsRefused(String value) {
        assertThrows(SdpException.class, () -> Candidate.parse(value));
    }
}
