package dev.starling.identity.log;

import dev.starling.identity.IdentityException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A text and the signatures under it (C2SP signed-note), not verified yet.
///
/// @param text what is signed, with the newline at its end
public record Note(String text, List<NoteSignature> signatures) {
    public static final int MAX_BYTES = 64 * 1024;
    public static final int MAX_SIGNATURES = 16;

    public Note {
        signatures = List.copyOf(signatures);
    }

    public static Note parse(byte[] bytes) throws IdentityException {
        String all = text(bytes);
        int end = all.lastIndexOf("\n\n");
        if (end < 0 || !all.endsWith("\n")) throw malformed("no signatures");
        String[] lines = all.substring(end + 2).split("\n", MAX_SIGNATURES + 2);
        // What lies behind the last newline counts as a line, an empty one.
        if (lines.length < 2 || lines.length > MAX_SIGNATURES + 1) throw malformed("number of signatures");
        var signatures = new ArrayList<NoteSignature>();
        for (int i = 0; i + 1 < lines.length; i++) signatures.add(NoteSignature.parse(lines[i]));
        return new Note(all.substring(0, end + 1), signatures);
    }

    private static String text(byte[] bytes) throws IdentityException {
        if (bytes.length > MAX_BYTES) throw malformed("too long");
        for (byte each : bytes) if (each >= 0 && each < 0x20 && each != '\n') throw malformed("control character");
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw malformed("not UTF-8");
        }
    }

    public byte[] bytes() {
        var all = new StringBuilder(text).append('\n');
        for (NoteSignature each : signatures) all.append(each.line());
        return all.toString().getBytes(StandardCharsets.UTF_8);
    }

    /// With one signature more.
    public Note with(NoteSignature signature) {
        var all = new ArrayList<>(signatures);
        all.add(signature);
        return new Note(text, all);
    }

    static IdentityException malformed(String why) {
        return new IdentityException("malformed", why);
    }
}
