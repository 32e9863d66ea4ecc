package dev.starling.ca.validation;

import dev.starling.identity.Address;
import dev.starling.mail.DkimPolicy;
import java.security.cert.X509Certificate;
import java.util.List;

/// A reply that somebody vouches for, with all that anybody needs who wants to check that later without us.
///
/// @param from who sent it
/// @param part1 the code that it answers
/// @param response the digest, base64url without padding
/// @param raw the mail, octet by octet
public record AcceptedReply(Address from, String part1, String response, Voucher by, byte[] raw) {
    /// Who says that it is the sender's. The two are not worth the same: a domain knows that somebody may send as an
    /// address today; a certificate says that somebody else once found out so.
    public sealed interface Voucher {
        /// The sender's domain.
        ///
        /// @param policy what the signature had to cover
        /// @param domain `d=` of the signature, the domain of `from`
        /// @param selector `s=`: the key lies at `selector._domainkey.domain`
        /// @param keyTxt the key record as it was published at the time
        /// @param weakKey RSA below 2048 bits
        /// @param dnssec a resolver that is believed said that DNSSEC vouches for the key; false: not known
        record Dkim(DkimPolicy policy, String domain, String selector, String keyTxt, boolean weakKey, boolean dnssec)
                implements Voucher {
            @Override
            public String toString() {
                return policy + ", " + selector + "._domainkey." + domain;
            }
        }

        /// A certificate for mail (RFC 8550).
        ///
        /// @param path the sender's certificate first, the anchor last
        record Smime(List<X509Certificate> path) implements Voucher {
            public Smime {
                path = List.copyOf(path);
            }

            @Override
            public String toString() {
                return "S/MIME, " + path.getLast().getSubjectX500Principal();
            }
        }
    }

    public AcceptedReply {
        raw = raw.clone();
    }

    @Override
    public byte[] raw() {
        return raw.clone();
    }

    /// Without the code and the response.
    @Override
    public String toString() {
        return "AcceptedReply[" + from + ", " + by + "]";
    }
}
