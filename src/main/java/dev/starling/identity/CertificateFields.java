package dev.starling.identity;

import dev.starling.identity.der.Der;
import java.io.ByteArrayOutputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// An X.509 certificate (RFC 5280, section 4.1), read strictly and byte by byte as the JavaScript reads it, so that
/// both come to the same verdict (docs/protocols/formats.md, section 3). Not yet believed: see [CertificateVerifier].
///
/// @param tbs what is signed
/// @param algorithm the signature's AlgorithmIdentifier, DER
/// @param issuer DER, compared byte by byte
/// @param extensions what this reader knows of them
public record CertificateFields(
        byte[] der,
        byte[] tbs,
        byte[] algorithm,
        byte[] signature,
        byte[] serial,
        byte[] issuer,
        byte[] subject,
        Instant notBefore,
        Instant notAfter,
        byte[] spki,
        Extensions extensions) {
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
        Extensions extensions = fields.size() == 8 ? Extensions.parse(fields.get(7)) : Extensions.NONE;
        // RFC 5280, section 4.1.2.6.
        if (subject.length == 2 && extensions.names.isPresent() && !extensions.critical.contains(Extensions.NAMES))
            throw malformed("the name is not critical, the subject empty");
        return new CertificateFields(
                der.clone(),
                parts.getFirst().bytes(),
                algorithm,
                parts.get(2).wholeBits(),
                serial,
                issuer,
                subject,
                time(validity.get(0)),
                time(validity.get(1)),
                fields.get(6).expect(Der.SEQUENCE).bytes(),
                extensions);
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

    private static Instant time(Der item) throws IdentityException {
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

    /// One name of the SAN: the GeneralName's tag octet and its content.
    public record Name(int tag, byte[] content) {}

    /// Basic constraints that say CA; `below` is how many authorities may stand below it.
    public record Authority(long below) {}

    /// The extensions this reader knows (RFC 5280, section 4.2.1). One that does not parse makes the certificate
    /// `malformed`, whether it is critical or not.
    ///
    /// @param usage the first eight bits of the key usage, digitalSignature in the highest
    public record Extensions(
            Set<String> critical,
            Optional<List<Name>> names,
            Optional<Integer> usage,
            Optional<List<String>> extendedUsage,
            Optional<Authority> authority,
            List<String> policies,
            Optional<byte[]> authorityKey,
            Optional<byte[]> subjectKey) {
        static final String NAMES = "2.5.29.17", USAGE = "2.5.29.15", EXTENDED = "2.5.29.37", BASIC = "2.5.29.19";
        static final String POLICIES = "2.5.29.32", AUTHORITY_KEY = "2.5.29.35", SUBJECT_KEY = "2.5.29.14";
        static final Extensions NONE = new Extensions(
                Set.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                Optional.empty());

        static Extensions parse(Der wrapped) throws IdentityException {
            List<Der> one = wrapped.expect(0xa3).items();
            if (one.size() != 1) throw malformed("extensions");
            var values = new HashMap<String, Der>();
            var critical = new java.util.HashSet<String>();
            for (Der extension : one.getFirst().sequence(1, 256)) {
                List<Der> parts = extension.sequence(2, 3);
                String oid = parts.getFirst().oid();
                // DER leaves out FALSE, the default.
                if (parts.size() == 3) {
                    if (parts.get(1).expect(Der.BOOLEAN).content()[0] == 0) throw malformed("critical FALSE");
                    critical.add(oid);
                }
                byte[] value = parts.getLast().expect(Der.OCTETS).content();
                boolean known = Set.of(NAMES, USAGE, EXTENDED, BASIC, POLICIES, AUTHORITY_KEY, SUBJECT_KEY)
                        .contains(oid);
                if (values.containsKey(oid)) throw malformed("an extension twice");
                values.put(oid, known ? Der.parse(value, MAX_BYTES) : extension);
            }
            return of(critical, values);
        }

        private static Extensions of(Set<String> critical, Map<String, Der> values) throws IdentityException {
            Der names = values.get(NAMES), usage = values.get(USAGE), extended = values.get(EXTENDED);
            Der basic = values.get(BASIC), policies = values.get(POLICIES);
            Der authorityKey = values.get(AUTHORITY_KEY), subjectKey = values.get(SUBJECT_KEY);
            return new Extensions(
                    Set.copyOf(critical),
                    names == null ? Optional.empty() : Optional.of(names(names)),
                    usage == null ? Optional.empty() : Optional.of(usage(usage)),
                    extended == null ? Optional.empty() : Optional.of(oids(extended, false)),
                    basic == null ? Optional.empty() : authority(basic),
                    policies == null ? List.of() : oids(policies, true),
                    authorityKey == null ? Optional.empty() : authorityKey(authorityKey),
                    subjectKey == null
                            ? Optional.empty()
                            : Optional.of(subjectKey.expect(Der.OCTETS).content()));
        }

        private static List<Name> names(Der list) throws IdentityException {
            var names = new ArrayList<Name>();
            for (Der item : list.expect(Der.SEQUENCE).items()) {
                if ((item.tag() & 0xc0) != 0x80) throw malformed("name");
                names.add(new Name(item.tag(), item.content()));
            }
            return names;
        }

        private static int usage(Der bits) throws IdentityException {
            byte[] content = bits.expect(Der.BITS).content();
            return content.length > 1 ? content[1] & 255 : 0;
        }

        private static List<String> oids(Der list, boolean wrapped) throws IdentityException {
            var oids = new ArrayList<String>();
            for (Der item : list.sequence(1, 256))
                oids.add((wrapped ? item.sequence(1, 2).getFirst() : item).oid());
            return oids;
        }

        private static Optional<Authority> authority(Der constraints) throws IdentityException {
            List<Der> parts = constraints.sequence(0, 2);
            if (parts.isEmpty()) return Optional.empty();
            if (parts.getFirst().expect(Der.BOOLEAN).content()[0] == 0) throw malformed("basic constraints");
            long below = parts.size() == 1 ? Long.MAX_VALUE : parts.get(1).smallInteger();
            if (below < 0) throw malformed("path length");
            return Optional.of(new Authority(below));
        }

        private static Optional<byte[]> authorityKey(Der identifier) throws IdentityException {
            List<Der> parts = identifier.sequence(0, 3);
            return parts.isEmpty() || !parts.getFirst().is(0x80)
                    ? Optional.empty()
                    : Optional.of(parts.getFirst().content());
        }
    }

    @Override
    public String toString() {
        return "CertificateFields[" + serialHex() + "]";
    }
}
