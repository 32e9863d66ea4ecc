package dev.starling.ca.log;

import dev.starling.ca.store.Alone;
import dev.starling.identity.Keys;
import dev.starling.identity.log.Merkle;
import dev.starling.identity.log.TreeHead;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/// What a log's key signed last, kept in a file beside the key and not where others can write: so that it signs only
/// heads that extend that, whatever becomes of the entries in the database.
final class SignedHeads {
    private static final Pattern LINE = Pattern.compile("([0-9]{1,16}) ([0-9a-f]{64})\n");

    /// Shows that one head of a log extends another, by their sizes.
    interface Extension {
        List<byte[]> proof(long older, long newer) throws IOException;
    }

    private final Optional<Path> file;

    /// @param file empty: nothing is remembered
    SignedHeads(Optional<Path> file) {
        this.file = file;
    }

    /// The head of what is stored now.
    interface Stored {
        TreeHead head() throws IOException;
    }

    /// Remembers the head of what is stored, before it is signed. Of processes with one folder none comes between.
    ///
    /// @return what may be signed
    /// @throws IOException also when it must not be
    TreeHead sign(Stored stored, Extension extension) throws IOException {
        if (file.isEmpty()) return stored.head();
        return Alone.with(file.get(), () -> signed(file.get(), stored.head(), extension));
    }

    private static TreeHead signed(Path file, TreeHead head, Extension extension) throws IOException {
        TreeHead last = Files.exists(file) ? read(file) : TreeHead.EMPTY;
        if (last.equals(head)) return head;
        boolean more = last.size() > 0 && last.size() < head.size();
        List<byte[]> proof = more ? extension.proof(last.size(), head.size()) : List.of();
        if (!Merkle.isExtended(last, head, proof))
            throw new IOException("The log in the database is not the one that was signed before: it had " + last.size()
                    + " entries, and does not go on from there. Restore the newest copy of the database. If entries are"
                    + " lost for good, say so in public, and remove " + file + ".");
        String line = head.size() + " " + HexFormat.of().formatHex(head.root()) + "\n";
        Keys.writeOwnerOnly(file, line.getBytes(StandardCharsets.US_ASCII));
        Alone.flush(Objects.requireNonNull(file.toAbsolutePath().getParent()));
        return head;
    }

    private static TreeHead read(Path file) throws IOException {
        var line = LINE.matcher(Files.readString(file));
        if (!line.matches())
            throw new IOException(file + " is damaged: it says which head of the log was signed last.");
        return new TreeHead(Long.parseLong(line.group(1)), HexFormat.of().parseHex(line.group(2)));
    }
}
