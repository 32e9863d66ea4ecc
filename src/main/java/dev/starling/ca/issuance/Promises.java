package dev.starling.ca.issuance;

import dev.starling.ca.store.Certificate;
import dev.starling.ca.store.Order;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// What will be signed for an order, before it is.
///
/// @param test whether every certificate says that it is for tests
/// @param secret of all issuers of this CA and of nobody else: then the serial number of a promise vouches for the
///     rest of it; empty: it is a random number
record Promises(boolean test, ListPlace place, Clock clock, Optional<byte[]> secret) {
    static final Duration LIFE = Duration.ofDays(30);
    private static final Duration BACKDATED = Duration.ofMinutes(5);
    private static final int SERIAL_BYTES = 16, TOP = 8 * SERIAL_BYTES - 1;

    /// @param way the type of the challenge by which the mailbox was proven
    /// @param key that is to be certified, as `csr` (DER) says
    Certificate make(Order order, byte[] csr, String way, ECPublicKey key, X509Certificate issuer) {
        Instant from = clock.instant().minus(BACKDATED), end = from.plus(LIFE);
        Instant latest = issuer.getNotAfter().toInstant(), to = end.isBefore(latest) ? end : latest;
        String issuerKey = CertificateProfile.keyId(issuer);
        BigInteger serial = secret.isEmpty()
                ? CaCertificate.serial()
                : serial(secret.get(), order, csr, issuerKey, from.getEpochSecond(), to.getEpochSecond());
        byte[] toBeSigned = CertificateProfile.toBeSigned(
                new CertificateProfile.Subject(key, order.address(), policy(way)),
                serial,
                new CertificateProfile.Validity(from, to),
                by(issuer));
        return new Certificate(
                serial.toString(16),
                order.id(),
                order.account(),
                order.type(),
                order.value(),
                Finalizing.device(key),
                issuerKey,
                toBeSigned,
                "",
                from.getEpochSecond(),
                to.getEpochSecond(),
                0,
                0,
                -1);
    }

    /// Whether an issuer of this CA made just this promise to just this order.
    boolean isOurs(Certificate promised, Order order) {
        return secret.isPresent()
                && promised.order().equals(order.id())
                && promised.value().equals(order.value())
                && serial(
                                secret.get(),
                                order,
                                order.csr(),
                                promised.issuer(),
                                promised.notBefore(),
                                promised.notAfter())
                        .toString(16)
                        .equals(promised.serial());
    }

    /// 126 bits that nobody without the secret foresees (RFC 5280, section 4.1.2.2).
    private static BigInteger serial(byte[] secret, Order order, byte[] csr, String issuer, long from, long to) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            for (String each : List.of(
                    order.id(),
                    order.value(),
                    HexFormat.of().formatHex(DeviceId.sha256(csr)),
                    issuer,
                    String.valueOf(from),
                    String.valueOf(to))) {
                byte[] bytes = each.getBytes(StandardCharsets.UTF_8);
                mac.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
                mac.update(bytes);
            }
            var number = new BigInteger(1, Arrays.copyOf(mac.doFinal(), SERIAL_BYTES));
            return number.clearBit(TOP).setBit(TOP - 1);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    // What is certain of a reply by S/MIME is that the code was read; its domain said nothing.
    String policy(String way) {
        String level = test ? ".9" : way.equals(Proofs.REPLY) ? ".2" : ".1";
        return CertificateVerifier.POLICY_ARC + level;
    }

    CertificateProfile.By by(X509Certificate issuer) {
        return new CertificateProfile.By(issuer, place.of(issuer));
    }

    /// The same promise with what is so now: where the lists are, and how the mailbox was proven.
    ///
    /// @param key that is to be certified
    byte[] anew(Certificate promised, String way, ECPublicKey key, CertificateProfile.By by) {
        return CertificateProfile.toBeSigned(
                new CertificateProfile.Subject(key, new dev.starling.identity.Address(promised.value()), policy(way)),
                new BigInteger(promised.serial(), 16),
                new CertificateProfile.Validity(
                        Instant.ofEpochSecond(promised.notBefore()), Instant.ofEpochSecond(promised.notAfter())),
                by);
    }
}
