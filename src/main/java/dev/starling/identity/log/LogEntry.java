package dev.starling.identity.log;

import dev.starling.identity.Address;
import dev.starling.identity.CertificateFields;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import org.bouncycastle.crypto.generators.SCrypt;

/// What a log says of one certificate, without telling whose it is to whoever does not know the address:
/// docs/protocols/log.md, section 2.
///
/// @param ownerTag see [#ownerTag(Address, String)]
/// @param certificate SHA-256 of the certificate in DER
/// @param notAfter whole seconds, up to the year 9999
/// @param evidence SHA-256 of what proves the address, or [#noEvidence]
public record LogEntry(byte[] ownerTag, byte[] certificate, Instant notAfter, byte[] evidence) {
    public static final int BYTES = 1 + 3 * Merkle.HASH_BYTES + 8;
    private static final byte VERSION = 1;

    public LogEntry {
        ownerTag = hash(ownerTag);
        certificate = hash(certificate);
        evidence = hash(evidence);
        long seconds = notAfter.getEpochSecond();
        if (notAfter.getNano() != 0 || seconds < 0 || seconds > Checkpoint.MAX_TIME)
            throw new IllegalArgumentException("end of a certificate");
    }

    private static byte[] hash(byte[] bytes) {
        if (bytes.length != Merkle.HASH_BYTES) throw new IllegalArgumentException("32 bytes expected");
        return bytes.clone();
    }

    /// 32 zero bytes.
    public static byte[] noEvidence() {
        return new byte[Merkle.HASH_BYTES];
    }

    /// What the log `origin` calls an address. About 40 ms of CPU and 16 MiB by intention (scrypt, RFC 7914), as for
    /// the place of its records: whoever tests a list of addresses against a log pays it for each. Keep the tag.
    public static byte[] ownerTag(Address address, String origin) {
        byte[] salt = ("starling/1 log " + origin).getBytes(StandardCharsets.UTF_8);
        return SCrypt.generate(address.bytes(), salt, 1 << 14, 8, 1, Merkle.HASH_BYTES);
    }

    /// The entry for a certificate, which is `malformed` when it is not one.
    public static LogEntry of(byte[] ownerTag, byte[] certificateDer, byte[] evidence) throws IdentityException {
        Instant end = CertificateFields.parse(certificateDer).notAfter();
        return new LogEntry(ownerTag, DeviceId.sha256(certificateDer), end, evidence);
    }

    public static LogEntry parse(byte[] bytes) throws IdentityException {
        if (bytes.length != BYTES || bytes[0] != VERSION) throw Note.malformed("size or version of an entry");
        var in = ByteBuffer.wrap(bytes, 1, BYTES - 1);
        byte[] tag = take(in), certificate = take(in);
        long end = in.getLong();
        if (end < 0 || end > Checkpoint.MAX_TIME) throw Note.malformed("end of a certificate");
        return new LogEntry(tag, certificate, Instant.ofEpochSecond(end), take(in));
    }

    private static byte[] take(ByteBuffer in) {
        byte[] hash = new byte[Merkle.HASH_BYTES];
        in.get(hash);
        return hash;
    }

    public byte[] bytes() {
        return ByteBuffer.allocate(BYTES)
                .put(VERSION)
                .put(ownerTag)
                .put(certificate)
                .putLong(notAfter.getEpochSecond())
                .put(evidence)
                .array();
    }

    public byte[] leafHash() {
        return Merkle.leafHash(bytes());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LogEntry entry && Arrays.equals(bytes(), entry.bytes());
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(certificate);
    }

    @Override
    public String toString() {
        return "LogEntry[" + DeviceId.of(certificate) + ", " + notAfter + "]";
    }
}
