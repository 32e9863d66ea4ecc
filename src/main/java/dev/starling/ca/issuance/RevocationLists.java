package dev.starling.ca.issuance;

import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.CertificateTable.Revoked;
import dev.starling.ca.store.CrlTable;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// The lists of withdrawn certificates (RFC 5280, section 5), one for each issuing key: made anew each hour and after
/// each withdrawal, good for a day.
///
/// Several processes may make them, whose clocks differ: whether one lacks something is counted, never told by the time
/// of the withdrawal, which is another process's; and the list with the greater number is never the older one.
public final class RevocationLists {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    private static final Duration EVERY = Duration.ofHours(1), GOOD = Duration.ofDays(1);
    /// By how much the clocks of processes with one store may differ.
    private static final Duration SKEW = Duration.ofMinutes(2);

    private final Authority authority;
    private final CaStore store;
    private final Clock clock;
    private final Map<String, Counted> counted = new ConcurrentHashMap<>();

    /// How many certificates a list names, so that it is read once; one for each issuing key.
    private record Counted(long number, int entries) {}

    RevocationLists(Authority authority, CaStore store, Clock clock) {
        this.authority = authority;
        this.store = store;
        this.clock = clock;
    }

    /// Those of the CA in `folder`, whatever it was made for; none is made.
    public static RevocationLists of(Path folder, CaStore store, Clock clock) throws IOException {
        return of(folder, Optional.empty(), store, clock);
    }

    /// @param token with the issuing key
    public static RevocationLists of(Path folder, Optional<Token> token, CaStore store, Clock clock)
            throws IOException {
        // Beside a CA that runs: nothing is replaced here.
        var place = new Authority.Place(folder, true, token);
        return new RevocationLists(Authority.existing(place, clock), store, clock);
    }

    /// Those that are an hour old, or lack what was withdrawn since, or are not there.
    public void refresh() throws IOException {
        for (Keys.Held issuer : authority.issuers()) {
            String keyId = keyId(issuer);
            Optional<CrlTable.Published> last = newest(keyId);
            if (last.isEmpty() || !isOfNow(last.get()) || isOld(last.get()) || lacks(keyId, last.get())) make(issuer);
        }
    }

    // One of the future is made anew: the clock was wrong, and nobody takes it.
    private boolean isOfNow(CrlTable.Published list) {
        return list.made() <= now() + SKEW.toSeconds();
    }

    private boolean isOld(CrlTable.Published list) {
        return list.made() + EVERY.toSeconds() <= now();
    }

    // It names all that were withdrawn by then and were not over; none is ever taken back, or forgotten.
    private boolean lacks(String keyId, CrlTable.Published list) throws IOException {
        Counted known = counted.get(keyId);
        if (known == null || known.number() != list.number()) {
            known = new Counted(list.number(), entries(list.der()));
            counted.put(keyId, known);
        }
        return store.<Integer>in(session -> session.certificates().countRevoked(keyId, list.made())) != known.entries();
    }

    private static int entries(byte[] der) throws IOException {
        return new X509CRLHolder(der).getRevokedCertificates().size();
    }

    /// Whether each of them is still good.
    public boolean areGood() throws IOException {
        for (Keys.Held issuer : authority.issuers())
            if (newest(keyId(issuer))
                    .filter(each -> isOfNow(each) && each.nextUpdate() > now())
                    .isEmpty()) return false;
        return true;
    }

    /// All of them, because something was withdrawn; what goes wrong is done at the next [#refresh].
    public void renew() {
        try {
            for (Keys.Held issuer : authority.issuers()) make(issuer);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.ERROR, "a list of withdrawn certificates could not be made", e);
        }
    }

    /// The newest, DER.
    ///
    /// @param issuer the key identifier of an issuing CA, hexadecimal
    public Optional<byte[]> newestOf(String issuer) throws IOException {
        return newest(issuer).map(CrlTable.Published::der);
    }

    private Optional<CrlTable.Published> newest(String issuer) throws IOException {
        return store.in(session -> session.crls().newest(issuer));
    }

    private static String keyId(Keys.Held issuer) {
        return CertificateProfile.keyId(issuer.chain().getFirst());
    }

    private void make(Keys.Held issuer) throws IOException {
        String keyId = keyId(issuer);
        // Not before the last one, which may be of a process whose clock is a little ahead.
        long made = Math.max(
                now(),
                newest(keyId)
                        .filter(this::isOfNow)
                        .map(CrlTable.Published::made)
                        .orElse(0L));
        // The number is stored before anything is signed: no two lists have one number.
        long number = store.in(session -> session.crls().next(keyId, made));
        List<Revoked> revoked = store.in(session -> session.certificates().revoked(keyId, made));
        Instant next = Instant.ofEpochSecond(made).plus(GOOD);
        byte[] der = signed(issuer, number, Instant.ofEpochSecond(made), next, revoked);
        store.change(session -> session.crls().signed(keyId, number, next.getEpochSecond(), der));
    }

    private static byte[] signed(Keys.Held issuer, long number, Instant made, Instant next, List<Revoked> revoked)
            throws IOException {
        X509Certificate certificate = issuer.chain().getFirst();
        try {
            var list = new JcaX509v2CRLBuilder(certificate, Date.from(made));
            list.setNextUpdate(Date.from(next));
            for (Revoked each : revoked)
                list.addCRLEntry(
                        new BigInteger(each.serial(), 16),
                        Date.from(Instant.ofEpochSecond(each.revoked())),
                        each.reason());
            list.addExtension(Extension.cRLNumber, false, new CRLNumber(BigInteger.valueOf(number)));
            list.addExtension(
                    Extension.authorityKeyIdentifier,
                    false,
                    new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(certificate.getPublicKey()));
            return list.build(new JcaContentSignerBuilder("SHA256withECDSA").build(issuer.key()))
                    .getEncoded();
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IOException("The CA could not sign.", e);
        }
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }
}
