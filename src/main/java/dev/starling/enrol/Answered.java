package dev.starling.enrol;

import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// Which mails of the CA were answered, over interruptions: none is answered more than once (RFC 8823, section 3,
/// step 6). It is noted before the answer goes out, so one that may have gone is not sent again.
final class Answered {
    private static final int MOST_BYTES = 64 * 1024;
    private static final String ENDING = "answered";
    private final Beside beside;
    private final Set<String> codes;

    private Answered(Beside beside, Set<String> codes) {
        this.beside = beside;
        this.codes = codes;
    }

    static Path file(Beside beside) {
        return beside.file(ENDING);
    }

    static Answered load(Beside beside) throws IOException {
        var codes = new LinkedHashSet<String>();
        for (Path file : List.of(file(beside), beside.old(ENDING)))
            if (Files.exists(file) && Files.size(file) <= MOST_BYTES) codes.addAll(Files.readAllLines(file));
        return new Answered(beside, codes);
    }

    /// Nothing goes on for which it was noted.
    static void forget(Beside beside) throws IOException {
        Files.deleteIfExists(file(beside));
        Files.deleteIfExists(beside.old(ENDING));
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
        forget(beside);
    }

    private void save() throws IOException {
        Keys.writeOwnerOnly(file(beside), String.join("\n", codes).getBytes(StandardCharsets.US_ASCII));
    }

    /// The code itself would prove the address to whoever reads the file.
    private static String digest(String part1) {
        return HexFormat.of().formatHex(DeviceId.sha256(part1.getBytes(StandardCharsets.US_ASCII)));
    }
}
