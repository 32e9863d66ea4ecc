package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.front.Origin;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.store.CaStore;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// SQLite on a file system that is full: a real one of four megabytes. However much room is left when somebody proves
/// an
/// address and asks for the certificate, it comes once the room is there again, and once.
class DatabaseFullTest {
    private static final int PAGE = 4_096, MOST = 400;

    @TempDir
    Path folder;

    private Path disk;
    private TestCa ca;
    private AcmeCaller caller;

    @BeforeEach
    void start() throws Exception {
        disk = Files.createDirectory(folder.resolve("disk"));
        Assumptions.assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk.toString()),
                "a small file system can be made by root only");
        ca = new TestCa(CaStore.inFile(disk.resolve("ca.db")), folder, Limits.LOCAL, 1_000_000, new Origin(false));
        caller = ca.caller().registered();
    }

    @AfterEach
    void stop() throws Exception {
        if (caller == null) return;
        caller.close();
        ca.close();
        assertTrue(run("umount", disk.toString()));
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }

    private Connection beside() throws Exception {
        return DriverManager.getConnection("jdbc:sqlite:" + disk.resolve("ca.db"));
    }

    /// Leaves room for so many pages.
    private Path fill(int pages) throws Exception {
        // Room that it has already would do for many transactions.
        try (var db = beside();
                var s = db.createStatement()) {
            s.execute("pragma wal_checkpoint(truncate)");
        }
        Path filler = disk.resolve("filler");
        try (OutputStream out = Files.newOutputStream(filler)) {
            byte[] page = new byte[PAGE];
            assertThrows(IOException.class, () -> {
                for (int i = 0; i < 10_000; i++) out.write(page);
            });
        }
        try (var file = java.nio.channels.FileChannel.open(filler, StandardOpenOption.WRITE)) {
            assertTrue(file.size() > (long) pages * PAGE);
            file.truncate(file.size() / PAGE * PAGE - (long) pages * PAGE);
        }
        return filler;
    }

    @Test
    void howeverMuchRoomIsLeftTheCertificateComesOnce() throws Exception {
        int failed = 0;
        for (int pages = 0; ; pages++) {
            assertTrue(pages < MOST, "it never suffices");
            var person = new Stubborn(ca, caller, "person" + pages + "@example.net");
            Path filler = fill(pages);
            boolean done = person.tries();
            Files.delete(filler);
            person.persists();
            person.hasOne(pages + 1);
            if (done) break;
            failed++;
        }
        assertTrue(failed > 20, failed + " places to fail");
    }

    @Test
    void whatSomebodyElseLocksComesLater() throws Exception {
        var person = new Stubborn(ca, caller, "bob@example.net");
        try (var db = beside();
                var s = db.createStatement()) {
            s.execute("begin immediate");
            assertFalse(person.tries());
            s.execute("rollback");
        }
        assertEquals(1, person.failures());
        person.persists();
        person.hasOne(1);
    }
}
