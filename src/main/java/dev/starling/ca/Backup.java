package dev.starling.ca;

import dev.starling.ca.store.CaStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/// All that a CA in a folder is, in one file: its keys with their passwords, and its database as it was at one moment,
/// also while the CA runs. Whoever has the file is the CA: it is written for its owner alone.
public final class Backup {
    private static final String DATABASE = "ca.db";
    private static final Pattern KEYS =
            Pattern.compile("[a-z-]{1,40}\\.p12(\\.password)?|[a-z-]{1,40}\\.(pem|csr|crl|key|head)");
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------"),
            FOLDER = PosixFilePermissions.fromString("rwx------");
    private static final long MAX_BYTES = 1L << 40;

    private Backup() {}

    /// @param file must not be there
    public static void write(Path folder, Path file) throws IOException {
        if (Files.exists(file)) throw new IOException(file + " is there already; it was left alone.");
        Path part = file.resolveSibling(file.getFileName() + ".part"),
                copy = file.resolveSibling(file.getFileName() + ".db");
        Files.deleteIfExists(part);
        Files.deleteIfExists(copy);
        Files.createFile(part, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        try (var zip = new ZipOutputStream(Files.newOutputStream(part, StandardOpenOption.WRITE))) {
            for (Path each : keys(folder)) add(zip, String.valueOf(each.getFileName()), each);
            if (Files.exists(folder.resolve(DATABASE))) {
                Files.createFile(copy, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
                CaStore.copy(folder.resolve(DATABASE), copy);
                add(zip, DATABASE, copy);
            }
        } finally {
            Files.deleteIfExists(copy);
        }
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static List<Path> keys(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            List<Path> keys = all.filter(each ->
                            KEYS.matcher(String.valueOf(each.getFileName())).matches())
                    .sorted()
                    .toList();
            if (keys.isEmpty()) throw new IOException("There is no CA in " + folder + ".");
            return keys;
        }
    }

    private static void add(ZipOutputStream zip, String name, Path from) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        Files.copy(from, zip);
        zip.closeEntry();
    }

    /// @param folder must not be there, or be empty
    public static void restore(Path file, Path folder) throws IOException {
        if (Files.exists(folder) && !isEmpty(folder))
            throw new IOException(folder + " is not empty; nothing was restored. Name another folder with --data.");
        Path part = folder.resolveSibling(folder.getFileName() + ".part");
        if (Files.exists(part)) throw new IOException(part + " is left from an attempt before: remove it.");
        Files.createDirectories(part, PosixFilePermissions.asFileAttribute(FOLDER));
        try (var zip = new ZipInputStream(Files.newInputStream(file))) {
            int files = 0;
            for (ZipEntry each = zip.getNextEntry(); each != null; each = zip.getNextEntry(), files++)
                take(zip, each, part);
            if (files == 0) throw new IOException(file + " is no backup of a CA.");
        }
        Files.deleteIfExists(folder);
        Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.findAny().isEmpty();
        }
    }

    private static void take(InputStream zip, ZipEntry entry, Path folder) throws IOException {
        String name = entry.getName();
        if (!name.equals(DATABASE) && !KEYS.matcher(name).matches())
            throw new IOException("There is something in the backup that does not belong there.");
        Path to = Files.createFile(folder.resolve(name), PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        try (OutputStream out = Files.newOutputStream(to)) {
            byte[] buffer = new byte[64 * 1024];
            long all = 0;
            for (int n = zip.read(buffer); n >= 0; n = zip.read(buffer)) {
                all += n;
                if (all > MAX_BYTES) throw new IOException("The backup is too large.");
                out.write(buffer, 0, n);
            }
        }
    }
}
