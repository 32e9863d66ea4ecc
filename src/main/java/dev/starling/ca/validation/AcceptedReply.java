package dev.starling.ca.validation;

import dev.starling.identity.Address;
import dev.starling.mail.DkimPolicy;

/// A reply that its sender's domain vouches for, with all that somebody needs who wants to check that later without us.
///
/// @param from who sent it
/// @param part1 the code that it answers
/// @param response the digest, base64url without padding
/// @param policy what the signature had to cover
/// @param domain `d=` of the signature, the domain of `from`
/// @param selector `s=`: the key lies at `selector._domainkey.domain`
/// @param keyTxt the key record as it was published at the time
/// @param weakKey RSA below 2048 bits
/// @param dnssec a resolver that is believed said that DNSSEC vouches for the key; false: not known
/// @param raw the mail, octet by octet
public record AcceptedReply(
        Address from,
        String part1,
        String response,
        DkimPolicy policy,
        String domain,
        String selector,
        String keyTxt,
        boolean weakKey,
        boolean dnssec,
        byte[] raw) {
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
        return "AcceptedReply[" + from + ", " + policy + ", " + selector + "._domainkey." + domain + "]";
    }
}
