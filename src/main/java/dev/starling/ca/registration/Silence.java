package dev.starling.ca.registration;

import dev.starling.acme.Problem;
import dev.starling.ca.store.AuditTable;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Session;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Who wants no mail from the CA: each mail carries a link that only the CA can have made, to a page where its reader
/// says
/// so, or takes it back. The address itself is not kept, only its hash under a key of the CA.
public final class Silence {
    private static final int KEY_BYTES = 32, TAG_BYTES = 16, MAX_TOKEN = 400;
    private static final Duration BOUNCED = Duration.ofDays(7), DAY = Duration.ofDays(1);

    private final CaStore store;
    private final SecretKeySpec key;
    private final Clock clock;

    public Silence(CaStore store, Clock clock) throws IOException {
        this.store = store;
        this.clock = clock;
        byte[] fresh = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(fresh);
        key = new SecretKeySpec(store.in(session -> session.nonces().secret("silence", fresh)), "HmacSHA256");
    }

    /// What stands behind the URL of the page, for the reader of that mailbox alone.
    public String token(String address) {
        return base64(address.getBytes(StandardCharsets.US_ASCII))
                + "."
                + base64(Arrays.copyOf(hash("link " + address), TAG_BYTES));
    }

    /// The address that a token was made for; empty: it was not made here.
    public Optional<String> address(String token) {
        int dot = token.indexOf('.');
        if (token.length() > MAX_TOKEN || dot < 0) return Optional.empty();
        try {
            String address =
                    new String(Base64.getUrlDecoder().decode(token.substring(0, dot)), StandardCharsets.US_ASCII);
            boolean ours = MessageDigest.isEqual(
                    token(address).getBytes(StandardCharsets.US_ASCII), token.getBytes(StandardCharsets.US_ASCII));
            return ours ? Optional.of(address) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    public boolean isSilent(String address) throws IOException {
        return store.in(session -> session.silence().isSilent(hidden(address)));
    }

    public void set(String address, boolean silent) throws IOException {
        long now = clock.instant().getEpochSecond();
        store.change(session -> {
            if (silent) session.silence().silence(hidden(address), now);
            else session.silence().allow(hidden(address));
            session.audit().add(new AuditTable.Entry(now, silent ? "silenced" : "allowed", hidden(address), ""));
        });
    }

    /// A mail came back from there.
    void bounced(Session session, String address) {
        session.silence().bounced(address, clock.instant().plus(BOUNCED).getEpochSecond());
    }

    /// Before a mail is asked for.
    void check(Session session, String address) throws Problem {
        if (session.silence().isSilent(hidden(address)))
            throw new Problem(
                    "rejectedIdentifier",
                    403,
                    "Whoever reads this mailbox wants no mail from here. The link in an earlier mail takes that back.");
        long now = clock.instant().getEpochSecond();
        Optional<Long> until = session.silence().bounced(address).filter(each -> each > now);
        if (until.isPresent()) {
            Duration wait = Duration.ofSeconds(until.get() - now);
            throw Problem.rateLimited(
                    "The last mail to this address came back. Check the address, or ask again in "
                            + (wait.dividedBy(DAY) + 1) + " days.",
                    wait);
        }
    }

    private String hidden(String address) {
        return HexFormat.of().formatHex(hash("address " + address));
    }

    private byte[] hash(String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return mac.doFinal(text.getBytes(StandardCharsets.US_ASCII));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
