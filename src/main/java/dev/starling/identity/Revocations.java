package dev.starling.identity;

/// What is known of withdrawn certificates (RFC 5280, section 5). Asked while a chain is verified, so it answers from
/// what it has, and never waits.
public interface Revocations {
    /// Nothing is known.
    Revocations NONE = (_, _) -> false;

    /// Whether a list of `issuer` names `certificate`.
    boolean revoked(CertificateFields certificate, Issuer issuer);

    /// The certificate of an authority, with what the anchor file says of its lists when it is an anchor's.
    record Issuer(CertificateFields certificate, java.util.List<String> crls) {
        public Issuer {
            crls = java.util.List.copyOf(crls);
        }
    }
}
