package dev.starling.identity.log;

import dev.starling.identity.IdentityException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.regex.Pattern;

/// One signature line of a note (C2SP signed-note): who says to have signed, by a name and four bytes that tell one
/// key of that name from another, and the signature, whatever kind it is of.
public record NoteSignature(String name, int keyId, byte[] bytes) {
    private static final String DASH = "\u2014 ";
    private static final int ID_BYTES = 4;
    private static final Pattern NAME = Pattern.compile("[^\\p{IsWhite_Space}+]+");

    public NoteSignature {
        if (!isName(name)) throw new IllegalArgumentException("name of a key");
        bytes = bytes.clone();
    }

    @Override
    public byte[] bytes() {
        return bytes.clone();
    }

    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /// @param line without the newline at its end
    public static NoteSignature parse(String line) throws IdentityException {
        int space = line.indexOf(' ', DASH.length());
        if (!line.startsWith(DASH) || space < 0) throw new IdentityException("malformed", "signature line");
        String name = line.substring(DASH.length(), space);
        byte[] bytes = Base64Line.read(line.substring(space + 1));
        if (!isName(name) || bytes.length <= ID_BYTES) throw new IdentityException("malformed", "signature line");
        return new NoteSignature(
                name, ByteBuffer.wrap(bytes).getInt(), Arrays.copyOfRange(bytes, ID_BYTES, bytes.length));
    }

    /// With the newline at its end.
    public String line() {
        byte[] all = ByteBuffer.allocate(ID_BYTES + bytes.length)
                .putInt(keyId)
                .put(bytes)
                .array();
        return DASH + name + " " + Base64Line.of(all) + "\n";
    }

    @Override
    public String toString() {
        return "NoteSignature[" + name + "]";
    }
}
