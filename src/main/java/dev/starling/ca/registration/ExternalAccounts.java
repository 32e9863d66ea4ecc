package dev.starling.ca.registration;

import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.ExternalBinding;
import dev.starling.acme.Problem;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.ExternalTable.External;
import dev.starling.ca.store.Session;
import dev.starling.ca.store.ShownTable.Shown;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Who may have an account, where the operator chooses them (RFC 8555, section 7.3.4). The MAC keys that are given out
/// are made of a secret in a file and of their ids, so that the database has none: whoever reads it can bind nobody.
public final class ExternalAccounts {
    private static final String FILE = "eab.key";
    private static final int SEED_BYTES = 32, ID_BYTES = 12, MAX_LABEL = 200;

    private final SecretKeySpec secret;
    private final CaStore store;
    private final Clock clock;

    private ExternalAccounts(byte[] seed, CaStore store, Clock clock) {
        secret = new SecretKeySpec(seed, "HmacSHA256");
        this.store = store;
        this.clock = clock;
    }

    /// With the secret in `folder`, which is made when there is none. Of processes that share the store one makes it;
    /// another one without it stops, because keys that it gave out would be good nowhere else.
    public static ExternalAccounts open(Path folder, CaStore store, Clock clock) throws IOException {
        Path file = folder.resolve(FILE);
        return store.in(session -> {
            session.crls().alone();
            try {
                Optional<byte[]> other = store.isShared() ? session.shown().find(Shown.EAB_KEY) : Optional.empty();
                if (!Files.exists(file)) {
                    if (other.isPresent()) throw another(file);
                    make(file);
                }
                var opened = new ExternalAccounts(read(file), store, clock);
                byte[] hash = opened.hashed("starling eab shown");
                if (other.isPresent() && !MessageDigest.isEqual(other.get(), hash)) throw another(file);
                session.shown().put(Shown.EAB_KEY, hash);
                return opened;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static void make(Path file) throws IOException {
        byte[] fresh = new byte[SEED_BYTES];
        new SecureRandom().nextBytes(fresh);
        Keys.writeOwnerOnly(
                file, (Base64.getEncoder().encodeToString(fresh) + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] read(Path file) throws IOException {
        try {
            byte[] seed = Base64.getDecoder().decode(Files.readString(file).strip());
            if (seed.length == SEED_BYTES) return seed;
        } catch (IllegalArgumentException e) {
            throw new IOException("The key " + file + " is damaged. Restore it from a backup.", e);
        }
        throw new IOException("The key " + file + " is damaged. Restore it from a backup.");
    }

    private static IOException another(Path file) {
        return new IOException("Another process of this CA makes the keys for accounts of another secret. Copy its "
                + FILE + " to " + file + ". If it is lost: delete from shown where name = '" + Shown.EAB_KEY
                + "'; keys that were given out and not used are void then.");
    }

    /// What one person gets, once.
    ///
    /// @param mac base64url, as ACME clients want it
    public record Given(String id, String mac) {
        @Override
        public String toString() {
            return "Given[" + id + "]";
        }
    }

    /// A new key for one account.
    ///
    /// @param label for whom; for the operator's eyes
    public Given give(String label) throws IOException {
        if (label.isBlank() || label.length() > MAX_LABEL || !label.chars().allMatch(c -> c >= ' ' && c != 0x7f))
            throw new IOException("Say in at most " + MAX_LABEL + " characters for whom it is.");
        byte[] bytes = new byte[ID_BYTES];
        new SecureRandom().nextBytes(bytes);
        String id = HexFormat.of().formatHex(bytes);
        store.change(session -> session.externals().add(id, label, now()));
        return new Given(id, Base64.getUrlEncoder().withoutPadding().encodeToString(mac(id)));
    }

    public List<External> all() throws IOException {
        return store.in(session -> session.externals().all());
    }

    /// Takes a key back: it binds nobody any more, and the account that it bound ends. False: there is none.
    public boolean end(String id) throws IOException {
        return store.in(session -> session.externals().end(id, now()));
    }

    private byte[] mac(String id) {
        return hashed("starling eab 1 " + id);
    }

    private byte[] hashed(String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(secret);
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The id of the key that binds, if a request for a new account brings one.
    ///
    /// @param member of the request
    /// @param account its key
    /// @param url of the request
    /// @throws Problem it brings one that is not right; whether there is such a key is not told
    public Optional<String> check(Optional<Object> member, ECKey account, String url) throws Problem, IOException {
        if (member.isEmpty()) return Optional.empty();
        var binding = ExternalBinding.parse(member.get());
        if (!binding.isFor(account, url)) throw Problem.malformed("externalAccountBinding is for another request");
        // Computed first: an answer takes as long for an id that nobody has.
        boolean genuine = binding.isBy(mac(binding.kid()));
        boolean free = store.in(session -> session.externals().find(binding.kid()))
                .filter(External::isFree)
                .isPresent();
        if (!genuine || !free) throw refused();
        return Optional.of(binding.kid());
    }

    /// Within the transaction that makes the account.
    ///
    /// @param said what the request said, which is shown with the account
    public static void bind(Session session, String id, String account, String said) throws Problem {
        if (!session.externals().bind(id, account, said)) throw refused();
    }

    private static Problem refused() {
        return new Problem("unauthorized", 403, "This key for a new account is wrong, was used, or was taken back.");
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }
}
