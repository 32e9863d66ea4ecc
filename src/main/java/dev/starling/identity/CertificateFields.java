package dev.starling.identity;

import dev.starling.identity.der.Der;
import java.io.ByteArrayOutputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/// An X.509 certificate (RFC 5280, section 4.1), read strictly and byte by byte as the JavaScript reads it, so that
/// both come to the same verdict (docs/protocols/formats.md, section 3). Not yet believed: see [CertificateVerifier].
///
/// @param tbs what is signed
/// @param algorithm the signature's AlgorithmIdentifier, DER
/// @param issuer DER, compared byte by byte
/// @param subjectNames the subject's relative names, comparable
/// @param extensions what this reader knows of them
public record CertificateFields(
        byte[] der,
        byte[] tbs,
        byte[] algorithm,
        byte[] signature,
        byte[] serial,
        byte[] issuer,
        byte[] subject,
        List<String> subjectNames,
        Instant notBefore,
        Instant notAfter,
        byte[] spki,
        CertificateExtensions extensions) {
    public static final int MAX_BYTES = 8192;
    private static final int MAX_SERIAL_BYTES = 20;
    private static final Pattern TIME = Pattern.compile("(\\d{4})(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)(\\d\\d)Z");

    public static CertificateFields parse(byte[] der) throws IdentityException {
        List<Der> parts = Der.parse(der, MAX_BYTES).sequence(3, 3);
        List<Der> fields = parts.getFirst().sequence(7, 8);
        byte[] algorithm = parts.get(1).bytes();
        parts.get(1).sequence(1, 2).getFirst().oid();
        if (!fields.getFirst().is(0xa0) || !Arrays.equals(fields.getFirst().content(), new byte[] {2, 1, 2}))
            throw malformed("not version 3");
        byte[] serial = fields.get(1).expect(Der.INTEGER).content();
        if (serial.length > MAX_SERIAL_BYTES || fields.get(1).integer().signum() <= 0) throw malformed("serial");
        if (!Arrays.equals(fields.get(2).bytes(), algorithm)) throw malformed("two signature algorithms");
        List<Der> validity = fields.get(4).sequence(2, 2);
        byte[] issuer = name(fields.get(3)), subject = name(fields.get(5));
        if (issuer.length == 2) throw malformed("no issuer");
        CertificateExtensions extensions =
                fields.size() == 8 ? CertificateExtensions.parse(fields.get(7)) : CertificateExtensions.NONE;
        // RFC 5280, section 4.1.2.6.
        if (subject.length == 2
                && extensions.names().isPresent()
                && !extensions.critical().contains(CertificateExtensions.NAMES))
            throw malformed("the name is not critical, the subject empty");
        return new CertificateFields(
                der.clone(),
                parts.getFirst().bytes(),
                algorithm,
                parts.get(2).wholeBits(),
                serial,
                issuer,
                subject,
                NameConstraints.relativeNames(fields.get(5)),
                time(validity.get(0)),
                time(validity.get(1)),
                fields.get(6).expect(Der.SEQUENCE).bytes(),
                extensions);
    }

    /// RFC 5280, section 6.1: issuer and subject are the same.
    boolean isSelfIssued() {
        return Arrays.equals(issuer, subject);
    }

    public String serialHex() {
        return HexFormat.of().formatHex(serial);
    }

    /// IssuerAndSerialNumber (RFC 5652, section 10.2.4), DER.
    public byte[] issuerAndSerial() {
        int size = issuer.length + 2 + serial.length;
        var out = new ByteArrayOutputStream();
        out.write(Der.SEQUENCE);
        if (size > 255) out.writeBytes(new byte[] {(byte) 0x82, (byte) (size >> 8)});
        else if (size > 127) out.write(0x81);
        out.write(size);
        out.writeBytes(issuer);
        out.write(Der.INTEGER);
        out.write(serial.length);
        out.writeBytes(serial);
        return out.toByteArray();
    }

    private static byte[] name(Der name) throws IdentityException {
        for (Der relative : name.expect(Der.SEQUENCE).items()) {
            List<Der> attributes = relative.expect(Der.SET).items();
            if (attributes.isEmpty()) throw malformed("name");
            for (Der attribute : attributes) attribute.sequence(2, 2).getFirst().oid();
        }
        return name.bytes();
    }

    static Instant time(Der item) throws IdentityException {
        String text = latin1(item.content());
        if (item.is(Der.UTC_TIME)) text = (text.compareTo("50") < 0 ? "20" : "19") + text;
        else item.expect(Der.TIME);
        var match = TIME.matcher(text);
        if (!match.matches()) throw malformed("time");
        int[] n = new int[6];
        for (int i = 0; i < 6; i++) n[i] = Integer.parseInt(match.group(i + 1));
        try {
            return LocalDateTime.of(n[0], n[1], n[2], n[3], n[4], n[5]).toInstant(ZoneOffset.UTC);
        } catch (DateTimeException e) {
            throw malformed("time");
        }
    }

    static String latin1(byte[] bytes) {
        return new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    private static IdentityException malformed(String why) {
        return new IdentityException("malformed", why);
    }

    /// One name of the SAN: the GeneralName's tag octet and its content; of a directory name also its parts.
    public record Name(int tag, byte[] content, List<String> parts) {
        public Name {
            parts = List.copyOf(parts);
        }
    }

    @Override
    public String toString() {
        return "CertificateFields[" + serialHex() + "]";
    }
}
