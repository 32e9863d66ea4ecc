package dev.starling.nat.stun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.Vectors;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// The samples of RFC 5769 and of RFC 8489, appendix B.
class Rfc5769VectorsTest {
    private static Map<String, Object> sample(String name) throws Exception {
        return JSONObjectUtils.getJSONObject(Vectors.read("stun"), name);
    }

    private static String text(Map<String, Object> sample, String name) {
        return Vectors.text(sample, name);
    }

    private static byte[] bytes(Map<String, Object> sample) {
        return Vectors.hex(sample.get("message"));
    }

    private static byte[] shortTermKey(Map<String, Object> sample) {
        return text(sample, "password").getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void aRequestWithAShortTermCredential() throws Exception {
        var sample = sample("request");
        var message = StunMessage.parse(bytes(sample));
        assertEquals(1, message.method());
        assertEquals(StunClass.REQUEST, message.kind());
        assertEquals(Optional.of("evtj:h6vY"), message.text(Attribute.USERNAME, 513));
        assertEquals(Optional.of("STUN test client"), message.text(Attribute.SOFTWARE, 763));
        assertEquals(Optional.of(0x6E0001FFL), message.number(Attribute.PRIORITY));
        assertTrue(message.isIntact(shortTermKey(sample)));
        assertFalse(message.isIntact("another".getBytes(StandardCharsets.UTF_8)));
        assertTrue(message.hasRightFingerprint());
    }

    @Test
    void answersWithAddressesOfBothFamilies() throws Exception {
        for (String name : new String[] {"response4", "response6"}) {
            var sample = sample(name);
            var message = StunMessage.parse(bytes(sample));
            assertEquals(StunClass.SUCCESS, message.kind());
            var address = new InetSocketAddress(
                    InetAddress.getByName(text(sample, "host")), Integer.parseInt(text(sample, "port")));
            assertEquals(Optional.of(address), message.xorAddress(Attribute.XOR_MAPPED_ADDRESS));
            assertTrue(message.isIntact(shortTermKey(sample)));
            assertTrue(message.hasRightFingerprint());
        }
    }

    /// The padding of the sample is blanks; ours is zero, so the answer for IPv6 is compared by what it says.
    @Test
    void whatIsWrittenIsReadTheSame() throws Exception {
        var sample = sample("response6");
        var theirs = StunMessage.parse(bytes(sample));
        var address = theirs.xorAddress(Attribute.XOR_MAPPED_ADDRESS).orElseThrow();
        byte[] ours = StunWriter.answer(theirs, StunClass.SUCCESS)
                .put(Attribute.SOFTWARE, "test vector")
                .putXor(Attribute.XOR_MAPPED_ADDRESS, address)
                .protect(shortTermKey(sample))
                .fingerprint()
                .bytes();
        assertEquals(bytes(sample).length, ours.length);
        var read = StunMessage.parse(ours);
        assertEquals(Optional.of(address), read.xorAddress(Attribute.XOR_MAPPED_ADDRESS));
        assertTrue(read.isIntact(shortTermKey(sample)));
        assertTrue(read.hasRightFingerprint());
    }

    @Test
    void aRequestWithALongTermCredentialIsWrittenByteForByte() throws Exception {
        var sample = sample("longTerm");
        byte[] key = Protection.md5Key(text(sample, "user"), text(sample, "realm"), text(sample, "password"));
        var theirs = StunMessage.parse(bytes(sample));
        assertTrue(theirs.isIntact(key));
        assertFalse(theirs.has(Attribute.FINGERPRINT));
        byte[] ours = new StunWriter(1, StunClass.REQUEST, theirs.transactionId())
                .put(Attribute.USERNAME, text(sample, "user"))
                .put(Attribute.NONCE, text(sample, "nonce"))
                .put(Attribute.REALM, text(sample, "realm"))
                .protect(key)
                .bytes();
        assertArrayEquals(bytes(sample), ours);
    }

    @Test
    void aRequestWithSha256IsWrittenByteForByte() throws Exception {
        var sample = sample("longTerm256");
        String user = text(sample, "user");
        String realm = text(sample, "realm");
        byte[] key = Protection.sha256Key(user, realm, text(sample, "password"));
        var theirs = StunMessage.parse(bytes(sample));
        assertTrue(theirs.isIntact256(key));
        assertFalse(theirs.isIntact256(Protection.md5Key(user, realm, text(sample, "password"))));
        assertFalse(theirs.isIntact(key), "there is no MESSAGE-INTEGRITY");
        byte[] ours = new StunWriter(1, StunClass.REQUEST, theirs.transactionId())
                .put(Attribute.USERHASH, Protection.userHash(user, realm))
                .put(Attribute.NONCE, text(sample, "nonce"))
                .put(Attribute.REALM, realm)
                .put(Attribute.PASSWORD_ALGORITHM, new byte[] {0, 2, 0, 0})
                .protect256(key)
                .bytes();
        assertArrayEquals(bytes(sample), ours);
    }
}
