package dev.starling.identity.log;

import dev.starling.identity.Address;
import dev.starling.identity.CertificateFields;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// That a certificate is in a log, for whoever cannot ask the log: the text of C2SP tlog-proof, whose `extra` is the
/// entry (docs/protocols/log.md, section 5).
public record LogProof(LogEntry entry, long index, List<byte[]> path, Checkpoint checkpoint) {
    public static final int MAX_BYTES = 16 * 1024;
    private static final String HEAD = "c2sp.org/tlog-proof@v1", EXTRA = "extra ", INDEX = "index ";
    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,15}");

    /// A certificate that was found in the log.
    ///
    /// @param since when a quorum of witnesses knew no larger head than the proof's; empty when none is asked
    ///     for
    public record Logged(long index, TreeHead head, Optional<Instant> since) {}

    public LogProof {
        path = List.copyOf(path);
    }

    public static LogProof parse(byte[] bytes) throws IdentityException {
        if (bytes.length > MAX_BYTES) throw Note.malformed("too long");
        // Latin letters for each byte keep the rest as it is; the checkpoint is read as UTF-8 from the same bytes.
        String all = new String(bytes, StandardCharsets.ISO_8859_1);
        int end = all.indexOf("\n\n");
        if (end < 0) throw Note.malformed("no checkpoint");
        String[] lines = all.substring(0, end).split("\n", -1);
        if (lines.length < 3 || lines.length > 3 + Merkle.MAX_PATH || !lines[0].equals(HEAD))
            throw Note.malformed("lines of a proof");
        if (!lines[1].startsWith(EXTRA) || !lines[2].startsWith(INDEX)) throw Note.malformed("lines of a proof");
        var entry = LogEntry.parse(Base64Line.read(lines[1].substring(EXTRA.length())));
        String index = lines[2].substring(INDEX.length());
        if (!NUMBER.matcher(index).matches()) throw Note.malformed("index of an entry");
        var path = new ArrayList<byte[]>();
        for (int i = 3; i < lines.length; i++) path.add(Base64Line.hash(lines[i]));
        var checkpoint = Checkpoint.parse(Arrays.copyOfRange(bytes, end + 2, bytes.length));
        return new LogProof(entry, Long.parseLong(index), path, checkpoint);
    }

    public byte[] bytes() {
        var text = new StringBuilder(HEAD + "\n" + EXTRA + Base64Line.of(entry.bytes()) + "\n" + INDEX + index + "\n");
        for (byte[] hash : path) text.append(Base64Line.of(hash)).append('\n');
        text.append('\n').append(new String(checkpoint.bytes(), StandardCharsets.UTF_8));
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /// Whether the certificate was logged as the address's. Checked in this order, what is dear last: the certificate
    /// is one (`malformed`), is the entry's (`wrong-certificate`), and so is the end of its time (`wrong-end`); the
    /// head is believed (reasons of [LogPolicy]); the entry is under it (`not-included`); its tag is the address's
    /// (`wrong-owner`), which is computed, see [LogEntry#ownerTag], only for what really lies in the log.
    public Logged verify(byte[] certificateDer, Address address, LogPolicy policy) throws IdentityException {
        Instant end = CertificateFields.parse(certificateDer).notAfter();
        if (!Arrays.equals(entry.certificate(), DeviceId.sha256(certificateDer)))
            throw new IdentityException("wrong-certificate");
        if (!entry.notAfter().equals(end)) throw new IdentityException("wrong-end");
        Optional<Instant> since = policy.verify(checkpoint);
        if (!Merkle.includes(checkpoint.head(), index, entry.leafHash(), path))
            throw new IdentityException("not-included");
        byte[] tag = LogEntry.ownerTag(address, policy.log().name());
        if (!Arrays.equals(entry.ownerTag(), tag)) throw new IdentityException("wrong-owner");
        return new Logged(index, checkpoint.head(), since);
    }

    @Override
    public String toString() {
        return "LogProof[" + index + ", " + checkpoint + "]";
    }
}
