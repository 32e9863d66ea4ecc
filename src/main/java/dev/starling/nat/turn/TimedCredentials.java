package dev.starling.nat.turn;

import dev.starling.nat.stun.Protection;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Names and passwords that are good for a while and are kept nowhere: the name says until when and whose it is, the
/// password is made from it with a
/// secret. Other TURN servers know the same scheme (coturn's `use-auth-secret`), so that one of them can stand beside
/// the peer or in its place.
public final class TimedCredentials {
    /// Unix seconds, and what stands for a device and for its domain.
    private static final Pattern NAME = Pattern.compile("([0-9]{1,11}):([0-9a-f]{32}):([0-9a-f]{32})");

    private static final int TAG_BYTES = 16;

    public record Issued(String name, String password) {
        @Override
        public String toString() {
            return "Issued[" + name + "]";
        }
    }

    /// owner, domain: whose it is, for quotas, as [#tag] says it; key: of the long-term credential mechanism
    record Account(String name, String owner, String domain, byte[] key) {}

    private final byte[] secret;
    private final String realm;
    private final InstantSource clock;

    public TimedCredentials(byte[] secret, String realm, InstantSource clock) {
        if (secret.length < 16) throw new IllegalArgumentException("a secret of 16 bytes at least");
        this.secret = secret.clone();
        this.realm = realm;
        this.clock = clock;
    }

    String realm() {
        return realm;
    }

    /// device, domain: any words for them. Names travel in the clear: they show neither.
    public Issued issue(String device, String domain, Duration life) {
        String name = clock.instant().plus(life).getEpochSecond() + ":" + tag("device " + device) + ":"
                + tag("domain " + domain);
        return new Issued(name, password(name));
    }

    private String tag(String of) {
        return HexFormat.of().formatHex(mac("HmacSHA256", of), 0, TAG_BYTES);
    }

    /// Empty for a name that is none of ours, or whose time is over.
    Optional<Account> account(String name) {
        var parts = NAME.matcher(name);
        if (!parts.matches()
                || Long.parseLong(parts.group(1)) <= clock.instant().getEpochSecond()) return Optional.empty();
        byte[] key = Protection.md5Key(name, realm, password(name));
        return Optional.of(new Account(name, parts.group(2), parts.group(3), key));
    }

    private String password(String name) {
        return Base64.getEncoder().encodeToString(mac("HmacSHA1", name));
    }

    private byte[] mac(String algorithm, String of) {
        try {
            Mac mac = Mac.getInstance(algorithm);
            mac.init(new SecretKeySpec(secret, algorithm));
            return mac.doFinal(of.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
