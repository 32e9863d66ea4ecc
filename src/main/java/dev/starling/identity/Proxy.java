package dev.starling.identity;

import dev.starling.identity.der.Der;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/// What a proxy certificate says of itself (RFC 3820, section 3.8): a key with an S/MIME certificate lets a device
/// speak for one of its addresses (docs/protocols/formats.md, section 3).
///
/// @param below how many proxies may stand below it; empty when there is no limit
public record Proxy(Optional<Long> below, String language, Optional<byte[]> policy) {
    public static final String INFO = "1.3.6.1.5.5.7.1.14";

    /// The one language of ours: the policy is the address, in its normal form.
    public static final String DEVICE_LANGUAGE = "2.25.79549199400722170753484347576486920845.2";

    private static final String COMMON_NAME = "2.5.4.3", ISSUER_NAMES = "2.5.29.18";
    private static final int MAX_NAMES = 64;

    static Proxy parse(Der extension) throws IdentityException {
        List<Der> parts = extension.sequence(1, 2);
        Optional<Long> below = parts.size() == 2 ? Optional.of(parts.getFirst().smallInteger()) : Optional.empty();
        if (below.isPresent() && below.get() < 0) throw new IdentityException("malformed", "proxy path length");
        List<Der> policy = parts.getLast().sequence(1, 2);
        return new Proxy(
                below,
                policy.getFirst().oid(),
                policy.size() == 2
                        ? Optional.of(policy.get(1).expect(Der.OCTETS).content())
                        : Optional.empty());
    }

    /// Only the first certificate may be a proxy, below an ordinary one, and says just what ours says.
    static void check(List<CertificateFields> parsed) throws IdentityException {
        CertificateFields first = parsed.getFirst();
        for (var each : parsed.subList(1, parsed.size()))
            good(each.extensions().proxy().isEmpty(), "a proxy of a proxy");
        var info = first.extensions().proxy();
        if (info.isEmpty()) return;
        good(parsed.size() > 1 && parsed.get(1).extensions().authority().isEmpty(), "not below an end entity");
        CertificateFields owner = parsed.get(1);
        good(first.extensions().critical().contains(INFO), "not critical");
        good(info.get().isOurs(), "not our language");
        good(first.extensions().authority().isEmpty(), "a CA");
        good(
                first.extensions().names().isEmpty()
                        && !first.extensions().oids().contains(ISSUER_NAMES),
                "names of its own");
        good(isOneMore(first, owner), "the subject");
        good(
                !first.notBefore().isBefore(owner.notBefore())
                        && !first.notAfter().isAfter(owner.notAfter()),
                "longer than its owner");
    }

    private boolean isOurs() {
        return below.equals(Optional.of(0L)) && language.equals(DEVICE_LANGUAGE) && policy.isPresent();
    }

    private static void good(boolean holds, String otherwise) throws IdentityException {
        if (!holds) throw new IdentityException("bad-proxy", otherwise);
    }

    // RFC 3820, section 3.4: the issuer's name and one common name more.
    private static boolean isOneMore(CertificateFields proxy, CertificateFields owner) throws IdentityException {
        List<Der> mine = relatives(proxy.subject()), above = relatives(owner.subject());
        if (mine.size() != above.size() + 1) return false;
        for (int i = 0; i < above.size(); i++)
            if (!Arrays.equals(mine.get(i).bytes(), above.get(i).bytes())) return false;
        List<Der> attributes = mine.getLast().items();
        return attributes.size() == 1
                && attributes.getFirst().items().getFirst().oid().equals(COMMON_NAME);
    }

    private static List<Der> relatives(byte[] name) throws IdentityException {
        return Der.parse(name, CertificateFields.MAX_BYTES).items();
    }

    /// The addresses of an S/MIME certificate, in normal form.
    public static TreeSet<String> addresses(CertificateFields certificate) {
        var all = new TreeSet<String>();
        for (var name : emails(certificate)) normal(name.content()).ifPresent(address -> all.add(address.text()));
        return all;
    }

    private static List<CertificateFields.Name> emails(CertificateFields certificate) {
        return certificate.extensions().names().orElse(List.of()).stream()
                .filter(name -> name.tag() == NameConstraints.RFC822_NAME)
                .limit(MAX_NAMES)
                .toList();
    }

    private static Optional<Address> normal(byte[] content) {
        String text = CertificateFields.latin1(content);
        if (text.chars().anyMatch(c -> c > 0x7e)) return Optional.empty();
        try {
            return Optional.of(Address.parse(text)).filter(address -> !address.isPhone());
        } catch (IdentityException e) {
            return Optional.empty();
        }
    }

    /// The one address for which the device speaks.
    static Address address(CertificateFields proxy, CertificateFields owner) throws IdentityException {
        if (emails(owner).isEmpty()) throw new IdentityException("no-name");
        byte[] policy = proxy.extensions().proxy().flatMap(Proxy::policy).orElse(new byte[0]);
        Address address = normal(policy).orElseThrow(() -> new IdentityException("wrong-name"));
        if (!address.text().equals(CertificateFields.latin1(policy))
                || !addresses(owner).contains(address.text())) throw new IdentityException("wrong-name");
        return address;
    }

    @Override
    public String toString() {
        return "Proxy[" + language + "]";
    }
}
