package dev.starling.proxy;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.passport.Claims;
import dev.starling.identity.passport.Token;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;

/// Somebody with one device: makes the requests that a client makes, signed as docs/protocols/formats.md says.
record Person(Address address, Keys.Held key) {
    static final byte[] NO_TOKEN = {};

    DeviceId device() {
        return key.id();
    }

    String gruu() {
        return device().gruu(address);
    }

    String contact() {
        return "<sip:" + address.text().substring(0, address.text().indexOf('@')) + "@x.invalid;transport=ws>;reg-id=1"
                + ";+sip.instance=\"<" + device().instance() + ">\";expires=600";
    }

    /// An unsigned request with the mandatory headers.
    Edit request(String method, String uri, String to) {
        return Edit.request(method, uri)
                .add("Via", "SIP/2.0/WS x.invalid;branch=z9hG4bK" + Token.randomId())
                .add("Max-Forwards", "70")
                .add("From", "<" + address.uri() + ">;tag=" + Token.randomId())
                .add("To", to)
                .add("Call-ID", Token.randomId())
                .add("CSeq", "1 " + method);
    }

    SipMessage register(String peerUri, Instant now) {
        var edit = request("REGISTER", "sip:peer.example", "<" + address.uri() + ">")
                .add("Contact", contact())
                .add("Supported", "path, outbound, gruu");
        return signed(edit, peerUri, NO_TOKEN, now);
    }

    SipMessage publish(String peerUri, String event, String type, byte[] body, Instant now, Map<String, String> more) {
        var edit = request("PUBLISH", "sip:peer.example", "<" + address.uri() + ">")
                .add("Event", event)
                .add("Expires", more.getOrDefault("Expires", "600"))
                .body(type, body);
        more.forEach((name, value) -> {
            if (!name.equals("Expires")) edit.add(name, value);
        });
        return signed(edit, peerUri, NO_TOKEN, now);
    }

    /// MESSAGE, INVITE or SUBSCRIBE to somebody's device. `token`: a contact token, or empty.
    Edit to(Person other, String method, byte[] token) {
        var edit = request(method, other.gruu(), "<" + other.address.uri() + ">");
        if (!method.equals("MESSAGE")) edit.add("Contact", "<" + gruu() + ">");
        if (method.equals("SUBSCRIBE")) edit.add("Event", "presence").add("Expires", "600");
        if (method.equals("MESSAGE"))
            edit.body("application/pkcs7-mime; smime-type=authEnveloped-data", new byte[] {1, 2, 3});
        if (method.equals("INVITE"))
            edit.body(
                    "application/sdp",
                    ("v=0\r\na=fingerprint:sha-256 " + "AB:".repeat(31) + "AB\r\n")
                            .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        if (token.length > 0)
            edit.add("Starling-Token", Base64.getUrlEncoder().withoutPadding().encodeToString(token));
        return edit;
    }

    SipMessage signedTo(Person other, String method, byte[] token, Instant now) {
        return signed(to(other, method, token), other.gruu(), token, now);
    }

    /// Adds the Identity header.
    SipMessage signed(Edit edit, String dest, byte[] token, Instant now) {
        try {
            SipMessage plain = edit.build();
            return edit.add("Identity", identity(plain, dest, token, now, Map.of()))
                    .build();
        } catch (SipException e) {
            throw new AssertionError(e);
        }
    }

    /// The value of Identity for a message; `changed` claims replace true ones.
    String identity(SipMessage message, String dest, byte[] token, Instant now, Map<String, Object> changed) {
        try {
            var claims = Claims.request(
                    message.method(),
                    message.callId(),
                    message.cseq(),
                    message.from().uri(),
                    dest,
                    message.all("contact"),
                    message.first("expires").orElse(""),
                    message.body(),
                    message.hasSdp(),
                    token);
            var all = Claims.fresh(claims, now.getEpochSecond());
            all.putAll(changed);
            return Token.sign(key, Token.PASSPORT, "", all) + ";info=<cid:x5c>;alg=ES256";
        } catch (SipException e) {
            throw new AssertionError(e);
        }
    }

    String presenceSignature(byte[] body, Instant now) {
        Map<String, Object> claims = Map.of(
                "dig", Token.b64u(DeviceId.sha256(body)),
                "iat", now.getEpochSecond(),
                "exp", now.getEpochSecond() + 600,
                "orig", Map.of("uri", gruu()));
        return Token.sign(key, Token.PRESENCE, "", claims);
    }
}
