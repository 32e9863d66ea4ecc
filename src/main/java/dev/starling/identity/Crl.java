package dev.starling.identity;

import dev.starling.identity.der.Der;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A list of withdrawn certificates (RFC 5280, section 5), read as strictly as certificates
/// (docs/protocols/formats.md, section 3). Not yet believed: see [#verify].
///
/// @param serials hex
/// @param urls of its distribution point, when it is one of several lists
public record Crl(
        byte[] tbs,
        byte[] algorithm,
        byte[] signature,
        byte[] issuer,
        Instant thisUpdate,
        Instant nextUpdate,
        Set<String> serials,
        Optional<List<String>> urls) {
    public static final int MAX_BYTES = 2 * 1024 * 1024;
    private static final Duration AHEAD = Duration.ofSeconds(600);
    private static final int CRL_SIGN = 0x02, MAX_SERIAL_BYTES = 20;
    private static final String DELTA = "2.5.29.27", POINT = "2.5.29.28", OF_ANOTHER = "2.5.29.29";

    /// Read, or of no consequence: CRL number, key identifier, freshest CRL; reason, invalidity date.
    private static final Set<String> KNOWN =
            Set.of(POINT, "2.5.29.20", "2.5.29.35", "2.5.29.46", "2.5.29.21", "2.5.29.24");

    public static Crl parse(byte[] der) throws IdentityException {
        List<Der> parts = Der.parse(der, MAX_BYTES).sequence(3, 3);
        var fields = new ArrayList<>(parts.getFirst().sequence(5, 7));
        byte[] algorithm = parts.get(1).bytes();
        if (!Arrays.equals(fields.get(0).bytes(), new byte[] {2, 1, 1})
                || !Arrays.equals(fields.get(1).bytes(), algorithm)) throw malformed("version or algorithm");
        parts.get(1).sequence(1, 2).getFirst().oid();
        Optional<Der> wrapped = fields.getLast().is(0xa0) ? Optional.of(fields.removeLast()) : Optional.empty();
        if (fields.size() < 5 || fields.size() > 6) throw malformed("fields");
        Instant thisUpdate = CertificateFields.time(fields.get(3)), nextUpdate = CertificateFields.time(fields.get(4));
        var serials = new HashSet<String>();
        if (fields.size() == 6)
            for (Der item : fields.get(5).expect(Der.SEQUENCE).items()) serials.add(entry(item));
        return new Crl(
                parts.getFirst().bytes(),
                algorithm,
                parts.get(2).wholeBits(),
                fields.get(2).expect(Der.SEQUENCE).bytes(),
                thisUpdate,
                nextUpdate,
                Set.copyOf(serials),
                wrapped.isPresent() ? extensions(wrapped.get()) : Optional.empty());
    }

    private static String entry(Der item) throws IdentityException {
        List<Der> parts = item.sequence(2, 3);
        CertificateFields.time(parts.get(1));
        // Certificates of another issuer (RFC 5280, section 5.3.3) are not for us to judge.
        if (parts.size() == 3 && listed(parts.get(2)).containsKey(OF_ANOTHER))
            throw new IdentityException("unknown-critical-extension");
        byte[] number = parts.getFirst().expect(Der.INTEGER).content();
        if (number.length > MAX_SERIAL_BYTES || number[0] < 0) throw malformed("serial");
        return HexFormat.of().formatHex(number);
    }

    private static Map<String, Der> listed(Der list) throws IdentityException {
        var values = new HashMap<String, Der>();
        for (Der extension : list.sequence(1, 64)) {
            List<Der> parts = extension.sequence(2, 3);
            String oid = parts.getFirst().oid();
            if (values.containsKey(oid)) throw malformed("an extension twice");
            if (parts.size() == 3 && parts.get(1).expect(Der.BOOLEAN).content()[0] == 0)
                throw malformed("critical FALSE");
            if (oid.equals(DELTA)) throw new IdentityException("delta");
            if (parts.size() == 3 && !KNOWN.contains(oid)) throw new IdentityException("unknown-critical-extension");
            values.put(oid, parts.getLast().expect(Der.OCTETS));
        }
        return values;
    }

    private static Optional<List<String>> extensions(Der wrapped) throws IdentityException {
        List<Der> one = wrapped.items();
        if (one.size() != 1) throw malformed("extensions");
        Der point = listed(one.getFirst()).get(POINT);
        return point == null ? Optional.empty() : distributionPoint(Der.parse(point.content(), MAX_BYTES));
    }

    // RFC 5280, section 5.2.5: a list for user certificates, for all reasons, of its own issuer.
    private static Optional<List<String>> distributionPoint(Der point) throws IdentityException {
        Optional<List<String>> urls = Optional.empty();
        for (Der part : point.expect(Der.SEQUENCE).items()) {
            int number = part.tag() & 31;
            if ((part.tag() & 0xc0) != 0x80) throw malformed("distribution point");
            if (number == 0) urls = Optional.of(CertificateExtensions.fullNames(part));
            else if (number != 1) throw new IdentityException("unknown-critical-extension", "a list for others");
        }
        return urls;
    }

    /// Whether the list is the issuer's, and of today.
    ///
    /// @param url where it was fetched
    public void verify(CertificateFields by, String url, Instant now) throws IdentityException {
        if (!IssuerKey.supports(algorithm) || !IssuerKey.usable(by.spki()))
            throw new IdentityException("unsupported-algorithm");
        if (!Arrays.equals(issuer, by.subject())) throw new IdentityException("wrong-issuer");
        if (urls.isPresent() && !urls.get().contains(url))
            throw new IdentityException("wrong-issuer", "the list of another distribution point");
        if ((by.extensions().usage().orElse(0xff) & CRL_SIGN) == 0) throw new IdentityException("key-usage");
        if (!IssuerKey.signed(tbs, algorithm, signature, by.spki())) throw new IdentityException("bad-signature");
        if (thisUpdate.isAfter(now.plus(AHEAD))) throw new IdentityException("not-yet-valid");
        if (nextUpdate.isBefore(now)) throw new IdentityException("expired");
    }

    private static IdentityException malformed(String why) {
        return new IdentityException("malformed", why);
    }

    @Override
    public String toString() {
        return "Crl[" + serials.size() + " certificates, " + thisUpdate + "]";
    }
}
