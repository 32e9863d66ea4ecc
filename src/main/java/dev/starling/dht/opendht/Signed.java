package dev.starling.dht.opendht;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.text.ParseException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;

/// One value as OpenDHT's proxy reads and writes it: a line of JSON. Only its owner can replace a signed value, by
/// one with the same id and a higher `seq` (16 bit). Whoever reads it checks the signature only where it matters,
/// for what is inside has one of its own.
///
/// @param id 64 bits
/// @param owner SubjectPublicKeyInfo of an RSA key; empty when unsigned
record Signed(long id, int seq, byte[] owner, byte[] data, byte[] signature, boolean expired) {
    static final int MAX_SEQ = 0xffff;
    private static final int MAX_TYPE_8 = 256, FIXINT = 128, PEM_LINE = 64;

    /// Empty when it is no value; a broken owner or signature is none.
    static Optional<Signed> parse(String line) {
        try {
            @org.jspecify.annotations.Nullable Map<String, Object> json = JSONObjectUtils.parse(line);
            // The library gives null for `null`.
            if (json == null || !(json.get("data") instanceof String data)) return Optional.empty();
            return Optional.of(new Signed(
                    Long.parseUnsignedLong(String.valueOf(json.getOrDefault("id", "0"))),
                    json.get("seq") instanceof Number seq ? seq.intValue() & MAX_SEQ : 0,
                    json.get("owner") instanceof String pem ? key(pem) : new byte[0],
                    Base64.getDecoder().decode(data),
                    json.get("sig") instanceof String sig ? Base64.getDecoder().decode(sig) : new byte[0],
                    Boolean.TRUE.equals(json.get("expired"))));
        } catch (ParseException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static byte[] key(String pem) {
        return Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
    }

    /// What a POST carries. Never with the member `permanent`: even `false` keeps a value for a day.
    String json() {
        var base64 = Base64.getEncoder();
        String pem = Base64.getMimeEncoder(PEM_LINE, new byte[] {'\n'})
                .encodeToString(owner)
                .replace("\n", "\\n");
        return "{\"id\":\"" + Long.toUnsignedString(id) + "\",\"seq\":" + seq + ",\"type\":0,\"owner\":\""
                + "-----BEGIN PUBLIC KEY-----\\n" + pem + "\\n-----END PUBLIC KEY-----\\n"
                + "\",\"data\":\"" + base64.encodeToString(data) + "\",\"sig\":\"" + base64.encodeToString(signature)
                + "\"}";
    }

    /// Whether the owner signed it.
    boolean genuine() {
        try {
            var key = KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(owner));
            var verifier = Signature.getInstance("SHA512withRSA");
            verifier.initVerify(key);
            verifier.update(toSign(seq, owner, data));
            return verifier.verify(signature);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /// Whether `other` lies in the same slot.
    boolean sameSlot(Signed other) {
        return id == other.id && owner.length > 0 && Arrays.equals(owner, other.owner);
    }

    /// The msgpack that the owner signs: a map of four, in this order.
    static byte[] toSign(int seq, byte[] owner, byte[] data) {
        var out = new ByteArrayOutputStream(data.length + owner.length + 64);
        out.write(0x84);
        text(out, "seq");
        number(out, seq);
        text(out, "owner");
        bytes(out, owner);
        text(out, "type");
        number(out, 0);
        text(out, "data");
        bytes(out, data);
        return out.toByteArray();
    }

    private static void text(ByteArrayOutputStream out, String text) {
        out.write(0xa0 | text.length());
        out.writeBytes(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    private static void number(ByteArrayOutputStream out, int n) {
        if (n >= MAX_TYPE_8) {
            out.write(0xcd);
            out.write(n >> 8);
        } else if (n >= FIXINT) out.write(0xcc);
        out.write(n);
    }

    private static void bytes(ByteArrayOutputStream out, byte[] bytes) {
        out.write(bytes.length < MAX_TYPE_8 ? 0xc4 : 0xc5);
        if (bytes.length >= MAX_TYPE_8) out.write(bytes.length >> 8);
        out.write(bytes.length);
        out.writeBytes(bytes);
    }
}
