package dev.starling.identity.log;

import dev.starling.identity.IdentityException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/// What a log sends a witness (C2SP tlog-witness, `add-checkpoint`).
///
/// @param old size of the head that the witness cosigned last
/// @param proof from that head to the new one
public record AddCheckpoint(long old, List<byte[]> proof, Checkpoint checkpoint) {
    public static final int MAX_BYTES = Note.MAX_BYTES + 4096;
    private static final Pattern OLD = Pattern.compile("old (0|[1-9][0-9]{0,15})");

    public AddCheckpoint {
        proof = List.copyOf(proof);
    }

    public static AddCheckpoint parse(byte[] bytes) throws IdentityException {
        if (bytes.length > MAX_BYTES) throw Note.malformed("too long");
        // A letter for each byte: the checkpoint is read from the same bytes.
        String all = new String(bytes, StandardCharsets.ISO_8859_1);
        int end = all.indexOf("\n\n");
        if (end < 0) throw Note.malformed("no checkpoint");
        String[] lines = all.substring(0, end).split("\n", -1);
        var old = OLD.matcher(lines[0]);
        if (!old.matches() || lines.length > 1 + Merkle.MAX_PATH) throw Note.malformed("lines");
        var proof = new ArrayList<byte[]>();
        for (int i = 1; i < lines.length; i++) proof.add(Base64Line.hash(lines[i]));
        return new AddCheckpoint(
                Long.parseLong(old.group(1)),
                proof,
                Checkpoint.parse(Arrays.copyOfRange(bytes, end + 2, bytes.length)));
    }

    public byte[] bytes() {
        var text = new StringBuilder("old " + old + "\n");
        for (byte[] hash : proof) text.append(Base64Line.of(hash)).append('\n');
        text.append('\n').append(new String(checkpoint.bytes(), StandardCharsets.UTF_8));
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }
}
