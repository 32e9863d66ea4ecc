package dev.starling.ca.issuance;

import dev.starling.acme.Problem;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Session;
import dev.starling.identity.Address;
import java.io.IOException;
import java.security.cert.X509Certificate;

/// What the rest of a CA needs of whoever has the issuing key: the [Issuer] in this process, or the one in another
/// ([IssuerElsewhere]).
public interface Issuance {
    /// What everybody believes who believes this CA.
    X509Certificate root();

    /// Refuses whom the root does not let this CA certify (RFC 5280, section 4.2.1.10).
    void checkMayCertify(Address address) throws Problem, IOException;

    /// Whether an account can still have certificates by a proof of its own that the store calls good.
    boolean believes(Session session, Authorization proof);

    /// Issues for the key in `csr`, which must ask for just the order's address, if the order is ready. Afterwards the
    /// order has its certificate, or says why not, or says that it is being made.
    ///
    /// @param csr DER
    /// @param request in which the account asked for it (RFC 8555, section 7.4), as it came; empty: no account did
    void issue(String order, byte[] csr, byte[] request) throws Problem, IOException;

    /// Something was withdrawn: the lists are made anew.
    void renewLists();

    /// Whether the lists of withdrawn certificates are still good.
    boolean listsAreGood() throws IOException;
}
