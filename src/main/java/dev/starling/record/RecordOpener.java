package dev.starling.record;

import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.IdentityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
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
        var signer = certificates.verify(record.chain(), Optional.of(address), now, revoked);
        if (record.expires().isAfter(signer.notAfter())) throw new IdentityException("outlives-certificate");
        if (!signer.device().equals(record.device())) throw new IdentityException("wrong-device");
        if (!record.signedBy(signer.leaf().getPublicKey(), network)) throw new IdentityException("bad-signature");
        if (record.body().isPresent()) Bodies.check(record);
        memory.saw(address, kind, record.device(), record.sequence());
        return new Opened(record, signer);
    }
}
