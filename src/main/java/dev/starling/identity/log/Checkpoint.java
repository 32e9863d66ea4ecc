package dev.starling.identity.log;

import dev.starling.identity.IdentityException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/// The head of a log as a signed note (C2SP tlog-checkpoint). Not believed yet: see [LogPolicy].
///
/// @param origin which log it is of
public record Checkpoint(Note note, String origin, TreeHead head) {
    /// Seconds of a cosignature's time: up to the end of the year 9999, as in certificates.
    public static final long MAX_TIME = 253_402_300_799L;
    private static final int TIME_BYTES = 8;
    private static final Pattern SIZE = Pattern.compile("0|[1-9][0-9]{0,15}");

    public static Checkpoint parse(byte[] bytes) throws IdentityException {
        return of(Note.parse(bytes));
    }

    private static Checkpoint of(Note note) throws IdentityException {
        String[] lines = note.text().split("\n", -1);
        // The last one is empty: what lies behind the last newline. Lines of extensions are passed over.
        if (lines.length < 4) throw Note.malformed("lines of a checkpoint");
        for (int i = 0; i + 1 < lines.length; i++) if (lines[i].isEmpty()) throw Note.malformed("an empty line");
        if (!SIZE.matcher(lines[1]).matches()) throw Note.malformed("size of a tree");
        long size = Long.parseLong(lines[1]);
        if (size > TreeHead.MAX_SIZE) throw Note.malformed("size of a tree");
        var head = new TreeHead(size, Base64Line.hash(lines[2]));
        if (size == 0 && !head.equals(TreeHead.EMPTY)) throw Note.malformed("root of an empty tree");
        return new Checkpoint(note, lines[0], head);
    }

    /// The head of the signer's own log; its key's name is the origin.
    public static Checkpoint signed(NoteSigner log, TreeHead head) {
        String text = log.key().name() + "\n" + head.size() + "\n" + Base64Line.of(head.root()) + "\n";
        byte[] signature = log.sign(text.getBytes(StandardCharsets.UTF_8));
        var line = new NoteSignature(log.key().name(), log.key().id(), signature);
        return new Checkpoint(new Note(text, List.of(line)), log.key().name(), head);
    }

    /// What a witness says: at that time this was the largest head of this log that it knew.
    public NoteSignature cosignature(NoteSigner witness, Instant time) {
        long seconds = time.getEpochSecond();
        byte[] signature = witness.sign(cosigned(seconds));
        byte[] timed = ByteBuffer.allocate(TIME_BYTES + signature.length)
                .putLong(seconds)
                .put(signature)
                .array();
        return new NoteSignature(witness.key().name(), witness.key().id(), timed);
    }

    private byte[] cosigned(long seconds) {
        return ("cosignature/v1\ntime " + seconds + "\n" + note.text()).getBytes(StandardCharsets.UTF_8);
    }

    public Checkpoint with(NoteSignature signature) {
        return new Checkpoint(note.with(signature), origin, head);
    }

    public byte[] bytes() {
        return note.bytes();
    }

    /// Whether the log signed; a signature that is said to be its and is not is `bad-signature`.
    public boolean isSignedBy(NoteKey log) throws IdentityException {
        boolean signed = false;
        for (NoteSignature each : note.signatures()) {
            if (!log.isNamedBy(each)) continue;
            if (!log.verify(note.text().getBytes(StandardCharsets.UTF_8), each.bytes()))
                throw new IdentityException("bad-signature", log.name());
            signed = true;
        }
        return signed;
    }

    /// When the witness cosigned, in Unix seconds, its latest time if it did so more than once; a signature that is
    /// said to be its and is not is `bad-signature`.
    public OptionalLong cosignedBy(NoteKey witness) throws IdentityException {
        var latest = OptionalLong.empty();
        for (NoteSignature each : note.signatures()) {
            if (!witness.isNamedBy(each)) continue;
            long seconds = time(witness, each.bytes()).orElseThrow(() -> new IdentityException("bad-signature"));
            if (latest.isEmpty() || latest.getAsLong() < seconds) latest = OptionalLong.of(seconds);
        }
        return latest;
    }

    private Optional<Long> time(NoteKey witness, byte[] timed) {
        if (timed.length != TIME_BYTES + NoteKey.SIGNATURE_BYTES) return Optional.empty();
        var in = ByteBuffer.wrap(timed);
        long seconds = in.getLong();
        byte[] signature = new byte[NoteKey.SIGNATURE_BYTES];
        in.get(signature);
        boolean good = seconds >= 0 && seconds <= MAX_TIME && witness.verify(cosigned(seconds), signature);
        return good ? Optional.of(seconds) : Optional.empty();
    }

    @Override
    public String toString() {
        return "Checkpoint[" + origin + ", " + head + "]";
    }
}
