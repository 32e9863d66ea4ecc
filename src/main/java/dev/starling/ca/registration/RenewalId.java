package dev.starling.ca.registration;

import dev.starling.acme.Json;
import dev.starling.acme.Problem;
import dev.starling.ca.store.Certificate;
import java.math.BigInteger;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How a certificate is named in renewal information (RFC 9773, section 4.1): the key identifier of its issuer and its
/// serial number, base64url with a dot between.
///
/// @param issuer hexadecimal, as `serial`
public record RenewalId(String issuer, String serial) {
    private static final int MAX = 100;

    /// @param text as in the URL
    public static RenewalId parse(String text) throws Problem {
        String[] parts = text.split("\\.", -1);
        if (text.length() > MAX || parts.length != 2) throw Problem.malformed("not the name of a certificate");
        byte[] serial = Json.bytes(parts[1]);
        if (serial.length == 0) throw Problem.malformed("not the name of a certificate");
        var id = new RenewalId(HexFormat.of().formatHex(Json.bytes(parts[0])), new BigInteger(serial).toString(16));
        if (!id.text().equals(text)) throw Problem.malformed("not the name of a certificate");
        return id;
    }

    /// The member `replaces` of a new order, if it is there.
    public static Optional<RenewalId> in(@Nullable Object replaces) throws Problem {
        if (replaces == null) return Optional.empty();
        if (replaces instanceof String text) return Optional.of(parse(text));
        throw Problem.malformed("replaces is a text");
    }

    public static RenewalId of(Certificate certificate) {
        return new RenewalId(certificate.issuer(), certificate.serial());
    }

    public boolean names(Certificate certificate) {
        return of(certificate).equals(this);
    }

    public String text() {
        return base64(HexFormat.of().parseHex(issuer)) + "." + base64(new BigInteger(serial, 16).toByteArray());
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
