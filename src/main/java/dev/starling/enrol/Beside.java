package dev.starling.enrol;

import dev.starling.identity.DeviceId;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/// Where what belongs to one address at one CA is kept beside a key file, so that another CA's takes no place of it.
///
/// @param target where key and certificate are, or will be
/// @param directory of the CA
record Beside(Path target, URI directory, String address) {
    private static final int TAG_BYTES = 8;

    /// `NAME.p12.TAG.ENDING`
    Path file(String ending) {
        byte[] digest = DeviceId.sha256((directory + "\n" + address).getBytes(StandardCharsets.UTF_8));
        return named(target, HexFormat.of().formatHex(digest, 0, TAG_BYTES) + "." + ending);
    }

    /// Where versions before this one kept it, in one place for all.
    Path old(String ending) {
        return named(target, ending);
    }

    /// Of all addresses and CAs, also in the old place.
    static List<Path> all(Path target, String ending) throws IOException {
        String name = target.getFileName() + ".";
        Path folder = target.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) return List.of();
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(each -> isOf(String.valueOf(each.getFileName()), name, ending))
                    .sorted()
                    .toList();
        }
    }

    private static boolean isOf(String file, String name, String ending) {
        return file.startsWith(name)
                && file.substring(name.length()).matches("([0-9a-f]{" + 2 * TAG_BYTES + "}[.])?" + ending);
    }

    private static Path named(Path target, String ending) {
        return target.resolveSibling(target.getFileName() + "." + ending);
    }
}
