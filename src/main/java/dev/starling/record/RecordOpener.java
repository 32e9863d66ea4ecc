package dev.starling.record;

import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.cbor.CborMap;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.LogProof;
import java.security.PublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Believes a record, or says why not; cheap checks first (docs/protocols/formats.md, section 6).
public record RecordOpener(String network, CertificateVerifier certificates, SequenceMemory memory, Clock clock) {
    private static final Duration AHEAD = Duration.ofSeconds(600);

    /// A record that was believed, and by whose certificate.
    public record Opened(SignedRecord record, CertificateVerifier.Verified signer) {}

    public Opened open(byte[] bytes, Kind kind, Address address) throws IdentityException {
        return open(bytes, kind, address, Set.of());
    }

    /// `revoked`: device ids and serials in hex.
    public Opened open(byte[] bytes, Kind kind, Address address, Set<String> revoked) throws IdentityException {
        SignedRecord record = checked(bytes, kind, address);
        var signer = certificates.verify(record.chain(), Optional.of(address), clock.instant(), revoked);
        proven(record, signer.device(), signer.leaf().getPublicKey(), signer.notAfter());
        if (kind == Kind.CERT && record.body().isPresent() && signer.mustLog().isPresent())
            logged(record.body().get(), signer, signer.mustLog().get().policy());
        return new Opened(record, signer);
    }

    /// Its CA must enter what it certifies in a log (docs/protocols/log.md, section 12): `not-logged` without a proof,
    /// else the reasons of [LogProof].
    private static void logged(CborMap body, CertificateVerifier.Verified signer, LogPolicy policy)
            throws IdentityException {
        if (!body.has(1)) throw new IdentityException("not-logged");
        var proof = LogProof.parse(body.bytes(1, 0, LogProof.MAX_BYTES));
        var _ = proof.verify(Keys.encoded(signer.leaf()), signer.address(), policy);
    }

    /// Believes a REVOKED record: that of a device of the address, or of a CA, whose chain begins with its own
    /// certificate. Whom it takes out is for [Revocation] to say.
    public Revocation revocation(byte[] bytes, Address address) throws IdentityException {
        SignedRecord record = checked(bytes, Kind.REVOKED, address);
        boolean authority = CertificateVerifier.claimsAuthority(record.chain());
        if (authority) {
            var ca = certificates.verifyAuthority(record.chain(), clock.instant());
            proven(record, ca.id(), ca.key(), ca.notAfter());
        } else {
            var signer = certificates.verify(record.chain(), address, clock.instant());
            proven(record, signer.device(), signer.leaf().getPublicKey(), signer.notAfter());
        }
        var devices = record.body().isPresent()
                ? Bodies.Revoked.of(record.body().get()).devices()
                : List.<DeviceId>of();
        return new Revocation(record, authority, Set.copyOf(devices));
    }

    /// Everything that costs no signature.
    private SignedRecord checked(byte[] bytes, Kind kind, Address address) throws IdentityException {
        SignedRecord record = SignedRecord.parse(bytes);
        Instant now = clock.instant();
        if (record.kind() != kind) throw new IdentityException("wrong-kind");
        if (!record.address().equals(address)) throw new IdentityException("wrong-address");
        if (record.issued().isAfter(now.plus(AHEAD))) throw new IdentityException("not-yet");
        if (!record.expires().isAfter(now)) throw new IdentityException("expired");
        if (Duration.between(record.issued(), record.expires()).compareTo(kind.longest()) > 0)
            throw new IdentityException("too-long");
        var last = memory.last(address, kind, record.device());
        if (last.isPresent() && record.sequence() < last.getAsLong()) throw new IdentityException("old-sequence");
        return record;
    }

    private void proven(SignedRecord record, DeviceId signer, PublicKey key, Instant notAfter)
            throws IdentityException {
        if (record.expires().isAfter(notAfter)) throw new IdentityException("outlives-certificate");
        if (!signer.equals(record.device())) throw new IdentityException("wrong-device");
        if (!record.signedBy(key, network)) throw new IdentityException("bad-signature");
        if (record.body().isPresent()) Bodies.check(record);
        memory.saw(record.address(), record.kind(), record.device(), record.sequence());
    }
}
