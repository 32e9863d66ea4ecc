package dev.starling.agent;

import dev.starling.cms.Content;
import dev.starling.identity.DeviceId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Whether this device is one of its person's: how it asks to be allowed, whose answer it takes, and the keys that it
/// is given then (docs/protocols/formats.md, sections 10 and 11).
final class Membership {
    private static final String OWN_KEY = "own-key", OWN_VERSION = "own-version";
    private static final String FRIENDS_KEY = "friends-key", FRIENDS_VERSION = "friends-version";
    private static final String CODE = "code", CODE_UNTIL = "code-until", ADMITTED_BY = "admitted-by";
    private static final String FORMER_KEYS = "former-friends-keys";
    private static final Duration CODE_LIFE = Duration.ofMinutes(10), FORMER = Duration.ofDays(8);
    private static final int MAX_FORMER = 4;

    private final Profile us;
    private final AgentStore store;
    private final Clock clock;

    Membership(Profile us, AgentStore store, Clock clock) {
        this.us = us;
        this.store = store;
        this.clock = clock;
    }

    /// Another device gave us the keys.
    boolean isJoined() throws IOException {
        return store.number(OWN_VERSION, 0) > 0;
    }

    /// The code that a listed device shows, as it was typed in.
    static void tell(AgentStore store, String code, Clock clock) throws IOException {
        store.put(CODE, code.getBytes(StandardCharsets.US_ASCII));
        store.put(CODE_UNTIL, clock.instant().plus(CODE_LIFE).toEpochMilli());
    }

    boolean isToldACode() throws IOException {
        return code().isPresent();
    }

    private Optional<byte[]> code() throws IOException {
        return store.number(CODE_UNTIL, 0) > clock.instant().toEpochMilli() ? store.get(CODE) : Optional.empty();
    }

    /// What is sent to each listed device.
    Content.EndorseRequest request(String name) throws IOException {
        Optional<byte[]> proof = code().map(code -> proof(code, "add", us.id()));
        return new Content.EndorseRequest(name, us.device().publicKey().getEncoded(), proof);
    }

    /// Takes the keys from `from`, a listed device of ours. False: it does not count, for we were told a code and it
    /// does not know that, or we have keys already.
    boolean take(Content.EndorseGrant grant, DeviceId from) throws IOException {
        Optional<byte[]> code = code();
        boolean proven = code.isPresent()
                && grant.proof().isPresent()
                && MessageDigest.isEqual(grant.proof().get(), proof(code.get(), "grant", from, us.id()));
        if (!proven && (code.isPresent() || isJoined())) return false;
        store.put(OWN_KEY, grant.ownKey());
        store.put(FRIENDS_KEY, grant.friendsKey());
        store.put(FRIENDS_VERSION, grant.version());
        store.put(ADMITTED_BY, from.bytes());
        store.put(OWN_VERSION, grant.ownVersion().orElse(1));
        store.remove(CODE);
        return true;
    }

    Optional<DeviceId> admittedBy() throws IOException {
        return store.get(ADMITTED_BY).map(DeviceId::of);
    }

    /// Of two with the same version the larger stays: two devices that changed it at once end with the same one.
    void take(Content.OwnKey key) throws IOException {
        long version = store.number(OWN_VERSION, 0);
        boolean newer = key.version() > version
                || (key.version() == version && Arrays.compareUnsigned(key.key(), ownKey()) > 0);
        if (version == 0 || !newer) return;
        store.put(OWN_KEY, key.key());
        store.put(OWN_VERSION, key.version());
    }

    void friends(byte[] key, long version) throws IOException {
        var before = store.get(FRIENDS_KEY);
        if (before.isPresent() && !Arrays.equals(before.get(), key)) keepFormer(before.get());
        store.put(FRIENDS_KEY, key);
        store.put(FRIENDS_VERSION, version);
    }

    byte[] ownKey() throws IOException {
        return store.get(OWN_KEY).orElseThrow(() -> new IllegalStateException("not joined"));
    }

    Optional<byte[]> friendsKey() throws IOException {
        return isJoined() ? store.get(FRIENDS_KEY) : Optional.empty();
    }

    /// Contacts who were not told the new one yet go on writing under it.
    private void keepFormer(byte[] key) throws IOException {
        var kept = new ByteArrayOutputStream();
        kept.writeBytes(new Former(clock.instant().plus(FORMER).toEpochMilli(), key).toBytes());
        former().stream().limit(MAX_FORMER - 1L).map(Former::toBytes).forEach(kept::writeBytes);
        store.put(FORMER_KEYS, kept.toByteArray());
    }

    /// Under which people leave letters: the friends key, and those before it for eight days.
    List<byte[]> readableKeys() throws IOException {
        var all = new ArrayList<byte[]>();
        friendsKey().ifPresent(all::add);
        if (!all.isEmpty()) for (Former each : former()) all.add(each.key);
        return all;
    }

    private record Former(long until, byte[] key) {
        static final int BYTES = Long.BYTES + 32;

        byte[] toBytes() {
            return ByteBuffer.allocate(BYTES).putLong(until).put(key).array();
        }
    }

    private List<Former> former() throws IOException {
        var all = new ArrayList<Former>();
        var bytes = ByteBuffer.wrap(store.get(FORMER_KEYS).orElse(new byte[0]));
        while (bytes.remaining() >= Former.BYTES) {
            long until = bytes.getLong();
            byte[] key = new byte[32];
            bytes.get(key);
            if (until > clock.instant().toEpochMilli()) all.add(new Former(until, key));
        }
        return all;
    }

    /// Not one of these devices any more: the keys count nothing.
    void leave() throws IOException {
        for (String name :
                new String[] {OWN_KEY, OWN_VERSION, FRIENDS_KEY, FRIENDS_VERSION, FORMER_KEYS, ADMITTED_BY, CODE})
            store.remove(name);
    }

    private byte[] proof(byte[] code, String step, DeviceId... devices) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(code, "HmacSHA256"));
            mac.update(("starling/1 " + step + "\0" + us.address() + "\0").getBytes(StandardCharsets.UTF_8));
            for (DeviceId device : devices) mac.update(device.bytes());
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
