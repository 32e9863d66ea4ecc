package dev.starling.identity.log;

import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;

/// The Ed25519 key (RFC 8032) of a log or of a witness, with its name (C2SP signed-note, tlog-cosignature).
///
/// @param key 32 bytes
public record NoteKey(String name, Kind kind, byte[] key) {
    /// What a key signs: heads of its own log, or heads of others that it saw, with the time.
    public enum Kind {
        LOG(1),
        WITNESS(4);

        private final int number;

        Kind(int number) {
            this.number = number;
        }
    }

    public static final int KEY_BYTES = 32;
    public static final int SIGNATURE_BYTES = 64;
    public static final int MAX_NAME = 200;
    private static final Pattern TEXT = Pattern.compile("([^+]+)\\+([0-9a-f]{8})\\+([A-Za-z0-9+/]+=*)");

    public NoteKey {
        if (!NoteSignature.isName(name) || name.length() > MAX_NAME || key.length != KEY_BYTES)
            throw new IllegalArgumentException("name or size of a key");
        key = key.clone();
    }

    @Override
    public byte[] key() {
        return key.clone();
    }

    /// Reads the text form, NAME+ID+KEY (a *vkey*); of a kind that is not `wanted` it is `malformed` too.
    public static NoteKey parse(String text, Kind wanted) throws IdentityException {
        var parts = TEXT.matcher(text);
        if (!parts.matches()) throw Note.malformed("form of a key");
        byte[] key = Base64Line.read(parts.group(3));
        if (!NoteSignature.isName(parts.group(1)) || parts.group(1).length() > MAX_NAME)
            throw Note.malformed("name of a key");
        if (key.length != KEY_BYTES + 1 || key[0] != wanted.number) throw Note.malformed("kind of a key");
        var found = new NoteKey(parts.group(1), wanted, Arrays.copyOfRange(key, 1, key.length));
        if (!found.idInHex().equals(parts.group(2))) throw Note.malformed("id of a key");
        return found;
    }

    public String text() {
        return name + "+" + idInHex() + "+" + Base64Line.of(typed());
    }

    private String idInHex() {
        return HexFormat.of().toHexDigits(id());
    }

    /// Four bytes that tell this key from others of its name.
    public int id() {
        byte[] head = (name + "\n").getBytes(StandardCharsets.UTF_8), typed = typed();
        byte[] all = ByteBuffer.allocate(head.length + typed.length)
                .put(head)
                .put(typed)
                .array();
        return ByteBuffer.wrap(DeviceId.sha256(all)).getInt();
    }

    private byte[] typed() {
        return ByteBuffer.allocate(1 + KEY_BYTES)
                .put((byte) kind.number)
                .put(key)
                .array();
    }

    /// Whether this key is said to have made the signature.
    public boolean isNamedBy(NoteSignature signature) {
        return name.equals(signature.name()) && id() == signature.keyId();
    }

    // By Bouncy Castle: the JDK takes several times as long.
    boolean verify(byte[] message, byte[] signature) {
        if (signature.length != SIGNATURE_BYTES) return false;
        var verifier = new Ed25519Signer();
        try {
            verifier.init(false, new Ed25519PublicKeyParameters(key));
        } catch (IllegalArgumentException e) {
            // No point on the curve.
            return false;
        }
        verifier.update(message, 0, message.length);
        return verifier.verifySignature(signature);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NoteKey that
                && name.equals(that.name)
                && kind == that.kind
                && Arrays.equals(key, that.key);
    }

    @Override
    public int hashCode() {
        return name.hashCode() * 31 + Arrays.hashCode(key);
    }

    @Override
    public String toString() {
        return text();
    }
}
