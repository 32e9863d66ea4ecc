package dev.starling.phone;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/// A phone's side of digest, written from RFC 7616 without the code that is tested.
record DigestAnswer(String user, String password, String algorithm) {
    static String hash(String algorithm, String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance(algorithm).digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    static String parameter(String challenge, String name) {
        var found = Pattern.compile("\\b" + name + "=\"?([^\",]*)").matcher(challenge);
        if (!found.find()) throw new AssertionError("no " + name + " in " + challenge);
        return found.group(1);
    }

    String to(String challenge, String method, String uri, int nc) {
        String realm = parameter(challenge, "realm"),
                nonce = parameter(challenge, "nonce"),
                count = "%08x".formatted(nc);
        String ha1 = hash(algorithm, user + ":" + realm + ":" + password);
        String ha2 = hash(algorithm, method + ":" + uri);
        String response = hash(algorithm, ha1 + ":" + nonce + ":" + count + ":c0ffee:auth:" + ha2);
        return """
                Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", algorithm=%s, qop=auth,\
                 nc=%s, cnonce="c0ffee\"""".formatted(user, realm, nonce, uri, response, algorithm, count);
    }

    /// As phones did it before RFC 2617: no algorithm, no qop.
    String old(String challenge, String method, String uri) {
        String realm = parameter(challenge, "realm"), nonce = parameter(challenge, "nonce");
        String response = hash(
                "MD5",
                hash("MD5", user + ":" + realm + ":" + password) + ":" + nonce + ":" + hash("MD5", method + ":" + uri));
        return "Digest username=\"%s\",realm=\"%s\",nonce=\"%s\",uri=\"%s\",response=\"%s\""
                .formatted(user, realm, nonce, uri, response);
    }
}
