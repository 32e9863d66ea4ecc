package dev.starling.proxy;

import dev.starling.identity.DeviceId;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.TransactionLayer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Who this peer is on the wire, and the tokens by which it recognises its own clients in Route: the first 16 bytes
/// of the device id and 10 of an HMAC over them and the Call-ID. So they survive a reconnect and a restart, nobody
/// else can make one, and one that somebody has seen is of no use outside its dialog (docs/protocols/sip.md, section
/// 2).
public record Self(DeviceId id, String host, int port, byte[] secret) {
    private static final int HEAD = 16, PROOF = 10;

    boolean is(SipUri uri) {
        return uri.parameter("pin").equals(Optional.of(id.hex()));
    }

    String routeUri(String user) {
        return "sip:" + (user.isEmpty() ? "" : user + "@") + host + ":" + port + ";transport=tls;pin=" + id.hex()
                + ";lr";
    }

    /// The value of Via in what this peer sends.
    String via() {
        return "SIP/2.0/TLS " + host + ":" + port + ";branch=" + TransactionLayer.branch();
    }

    String contact() {
        return "<sip:" + host + ":" + port + ";transport=tls;pin=" + id.hex() + ">";
    }

    String token(DeviceId device, String callId) {
        byte[] head = Arrays.copyOf(device.bytes(), HEAD);
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(ByteBuffer.allocate(HEAD + PROOF)
                        .put(head)
                        .put(proof(head, callId))
                        .array());
    }

    /// The first 16 bytes of the device id, in hex, when the token is ours and of this dialog.
    Optional<String> deviceHead(String token, String callId) {
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(token);
            if (bytes.length != HEAD + PROOF) return Optional.empty();
            byte[] head = Arrays.copyOf(bytes, HEAD);
            if (!MessageDigest.isEqual(proof(head, callId), Arrays.copyOfRange(bytes, HEAD, bytes.length)))
                return Optional.empty();
            return Optional.of(HexFormat.of().formatHex(head));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private byte[] proof(byte[] head, String callId) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            mac.update(head);
            return Arrays.copyOf(mac.doFinal(callId.getBytes(StandardCharsets.ISO_8859_1)), PROOF);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return "Self[" + id + "]";
    }
}
