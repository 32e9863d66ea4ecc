package dev.starling.enrol;

import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.Set;

/// Which mails of the CA were answered, over interruptions: none is answered more than once (RFC 8823, section 3,
/// step 6). It is noted before the answer goes out, so one that may have gone is not sent again.
final class Answered {
    private static final int MOST_BYTES = 64 * 1024;
    private final Path file;
    private final Set<String> codes;

    private Answered(Path file, Set<String> codes) {
        this.file = file;
        this.codes = codes;
    }

    /// @param target where key and certificate will be
    static Path file(Path target) {
        return target.resolveSibling(target.getFileName() + ".answered");
    }

    static Answered load(Path file) throws IOException {
        var codes = new LinkedHashSet<String>();
        if (Files.exists(file) && Files.size(file) <= MOST_BYTES) codes.addAll(Files.readAllLines(file));
        return new Answered(file, codes);
    }

    /// @return false: it was answered before
    boolean begin(String part1) throws IOException {
        if (!codes.add(digest(part1))) return false;
        save();
        return true;
    }

    /// It did not go out.
    void undo(String part1) throws IOException {
        if (codes.remove(digest(part1))) save();
    }

    /// The CA has said that an answer does not count: when that is mended, the same mail may be answered again.
    void forget() throws IOException {
        codes.clear();
        Files.deleteIfExists(file);
    }

    private void save() throws IOException {
        Keys.writeOwnerOnly(file, String.join("\n", codes).getBytes(StandardCharsets.US_ASCII));
    }

    /// The code itself would prove the address to whoever reads the file.
    private static String digest(String part1) {
        return HexFormat.of().formatHex(DeviceId.sha256(part1.getBytes(StandardCharsets.US_ASCII)));
    }
}
