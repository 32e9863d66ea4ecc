package dev.starling.ca.issuance;

import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.x500.X500Name;

/// The root and the issuing key: PKCS#12 files that only their owner can read, made on the first start and
/// used ever after. A root that is lost or damaged is never replaced in silence, because everybody who
/// believes this CA believes that root. The issuing key is replaced in time by itself.
///
/// Where only `root.pem` is there, the root's key is kept elsewhere ([OfflineRoot]): then the issuing key comes from it
/// ([IssuingKeys]), and nothing is made here. It may be in a [Token].
final class Authority {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    private static final Duration ROOT = Duration.ofDays(3650), ISSUING = Duration.ofDays(730);
    /// An issuing certificate outlives what it signs; with less than this left, the next one is made.
    private static final Duration SPARE = Duration.ofDays(60);

    private static final Duration REMINDED = Duration.ofDays(1);

    private final Place place;
    private final X509Certificate root;
    private final Optional<Keys.Held> rootKey;
    private final Clock clock;
    private Keys.Held issuing;
    private Instant reminded = Instant.MIN;

    /// Where the keys are.
    ///
    /// @param shared whether other processes use the same keys: then none replaces them by itself
    /// @param token with the issuing key; empty: it is in the folder
    record Place(Path folder, boolean shared, Optional<Token> token) {
        static Place of(Path folder) {
            return new Place(folder, false, Optional.empty());
        }

        private Path file(String name) {
            return folder.resolve(name);
        }

        private boolean has(String name) {
            return Files.exists(file(name));
        }

        /// The issuing key of that name; empty: there is none.
        private Optional<Keys.Held> issuing(String name) throws IOException {
            String file = name + (token.isPresent() ? ".pem" : ".p12");
            if (!has(file)) return Optional.empty();
            return Optional.of(
                    token.isPresent()
                            ? checked(file(file), token.get().held(IssuingKeys.certificate(file(file))))
                            : load(file(file)));
        }
    }

    private Authority(Place place, X509Certificate root, Optional<Keys.Held> rootKey, Clock clock) throws IOException {
        this.place = place;
        this.root = root;
        this.rootKey = rootKey;
        this.clock = clock;
        Optional<Keys.Held> found = place.issuing("issuing");
        if (found.isEmpty() && (rootKey.isEmpty() || place.token().isPresent()))
            throw new IOException("There is no issuing key " + (place.token().isPresent() ? "of this token " : "")
                    + "in " + place.folder() + ", and its root makes it elsewhere: starling ca issuing-request.");
        issuing = found.isPresent() ? found.get() : makeIssuing();
        if (!IssuingKeys.signed(issuing.chain().getFirst(), root))
            throw new IOException("The issuing key in " + place.file("issuing.p12")
                    + " was not certified by the root beside it. Restore the two files from the same backup.");
    }

    /// Reads the keys in `folder`, or makes them when this is the first start.
    ///
    /// @param used whether the CA has signed anything before; then there must be keys
    static Authority open(Path folder, boolean test, boolean used, Clock clock) throws IOException {
        return open(Place.of(folder), test, used, clock);
    }

    static Authority open(Place place, boolean test, boolean used, Clock clock) throws IOException {
        Path file = place.file("root.p12");
        if (!Files.exists(file) && !place.has(IssuingKeys.ROOT)) {
            if (used || place.has("issuing.p12") || place.has("issuing.pem"))
                throw new IOException("The CA's root key " + file + " is missing, but it was used before. Restore it,"
                        + " and " + file + ".password, from a backup: nobody would believe another root.");
            makeRoot(file, test, clock);
        }
        Authority opened = existing(place, clock);
        if (opened.isTest() != test)
            throw new IOException("The CA in " + place.folder() + " was made for "
                    + (test ? "real use, not for local mode" : "local mode, not for real use")
                    + ". Name another folder with --data.");
        return opened;
    }

    /// The one that is there, whatever it was made for.
    static Authority existing(Place place, Clock clock) throws IOException {
        Path file = place.file("root.p12");
        if (Files.exists(file)) {
            Keys.Held root = load(file);
            return new Authority(place, root.chain().getFirst(), Optional.of(root), clock);
        }
        if (!place.has(IssuingKeys.ROOT)) throw new IOException("There is no CA in " + place.folder() + ".");
        X509Certificate root = IssuingKeys.certificate(place.file(IssuingKeys.ROOT));
        return new Authority(place, root, Optional.empty(), clock);
    }

    boolean isTest() {
        return root.getSubjectX500Principal().getName().equals(rootName(true));
    }

    X509Certificate root() {
        return root;
    }

    /// The key to sign with now, with its certificate.
    synchronized Keys.Held issuing() throws IOException {
        if (left(issuing.chain().getFirst()).compareTo(SPARE) < 0 && left(root).compareTo(SPARE) > 0) {
            if (rootKey.isPresent() && !place.shared() && place.token().isEmpty()) replace();
            else remind();
        }
        if (left(issuing.chain().getFirst()).isNegative())
            throw new IOException(
                    left(root).isNegative()
                            ? "The CA's root has expired: users need a new one, from a new CA."
                            : "The CA's issuing certificate has expired. " + what());
        return isEarly(issuing) ? before() : issuing;
    }

    // One that was made while the clock was ahead: nobody believes today what it signs.
    private boolean isEarly(Keys.Held held) {
        return held.chain().getFirst().getNotBefore().toInstant().isAfter(clock.instant());
    }

    private Keys.Held before() throws IOException {
        return place.issuing("issuing-previous")
                .filter(each -> !isEarly(each) && !left(each.chain().getFirst()).isNegative())
                .orElseThrow(() -> new IOException("The CA's issuing certificate is not valid yet, but was made here."
                        + " Is the clock of this computer right?"));
    }

    /// Makes the next issuing key now. Who shares the keys does so once, and restarts all of them.
    synchronized void replace() throws IOException {
        if (rootKey.isEmpty() || place.token().isPresent()) throw new IOException(what());
        // What it signed is good for a while: its lists of withdrawn certificates go on.
        Keys.save(place.file("issuing-previous.p12"), issuing);
        issuing = makeIssuing();
    }

    private void remind() {
        if (clock.instant().isBefore(reminded.plus(REMINDED))) return;
        reminded = clock.instant();
        LOG.log(
                System.Logger.Level.WARNING,
                "the issuing certificate ends on {0}. {1}",
                issuing.chain().getFirst().getNotAfter().toInstant(),
                what());
    }

    private String what() {
        return rootKey.isPresent() && place.token().isEmpty()
                ? "Several processes use its key, so none replaces it by itself: run `starling ca issuing-replace`"
                        + " once, give its files to all, restart them."
                : "Its root is kept elsewhere: `starling ca issuing-request`, have it signed there,"
                        + " `starling ca issuing-install`, restart.";
    }

    /// The keys of which certificates are still good, the one to sign with first.
    synchronized List<Keys.Held> issuers() throws IOException {
        Keys.Held now = issuing();
        if (isEarly(issuing)) return List.of(now, issuing);
        Optional<Keys.Held> previous = place.issuing("issuing-previous");
        return previous.isEmpty() || left(previous.get().chain().getFirst()).isNegative()
                ? List.of(now)
                : List.of(now, previous.get());
    }

    private Duration left(X509Certificate certificate) {
        return Duration.between(clock.instant(), certificate.getNotAfter().toInstant());
    }

    private static String rootName(boolean test) {
        return "CN=Starling " + (test ? "test " : "") + "root";
    }

    private static void makeRoot(Path file, boolean test, Clock clock) throws IOException {
        KeyPair key = Keys.generate();
        Instant now = clock.instant();
        X509Certificate made = CaCertificate.plain(
                        new X500Name(rootName(test)), key.getPublic(), 1, now, now.plus(ROOT))
                .selfSigned(key.getPrivate());
        Keys.save(file, new Keys.Held(key.getPrivate(), List.of(made)));
    }

    private Keys.Held makeIssuing() throws IOException {
        KeyPair key = Keys.generate();
        Instant now = clock.instant(),
                end = now.plus(ISSUING),
                rootEnd = root.getNotAfter().toInstant();
        var name = new X500Name("CN=Starling " + (isTest() ? "test " : "") + "e-mail");
        X509Certificate certificate = CaCertificate.plain(
                        name, key.getPublic(), 0, now, end.isBefore(rootEnd) ? end : rootEnd)
                .signedBy(root, rootKey.orElseThrow().key());
        var made = new Keys.Held(key.getPrivate(), List.of(certificate));
        Keys.save(place.file("issuing.p12"), made);
        return made;
    }

    private static Keys.Held load(Path file) throws IOException {
        Keys.Held held;
        try {
            held = Keys.load(file);
        } catch (IOException e) {
            throw new IOException(
                    "The CA's key file " + file + " cannot be read with the password in " + file + ".password."
                            + " Restore both from a backup; nothing was changed.",
                    e);
        }
        return checked(file, held);
    }

    private static Keys.Held checked(Path file, Keys.Held held) throws IOException {
        byte[] probe = {1};
        if (!Keys.verify(held.publicKey(), probe, Keys.sign(held.key(), probe)))
            throw new IOException("The key in " + file + " is not the one of its certificate."
                    + " Restore the file from a backup; nothing was changed.");
        return held;
    }
}
