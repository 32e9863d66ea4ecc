package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.Csrs;
import dev.starling.ca.Ready;
import dev.starling.ca.TestCa;
import dev.starling.ca.log.Audit;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.Tile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The log of a real CA, read over HTTP by somebody who does not believe it.
class HttpLogTest {
    @TempDir
    Path folder;

    private TestCa ca;

    @BeforeEach
    void start() throws Exception {
        ca = new TestCa(folder);
        for (int i = 0; i < 5; i++) issue("user" + i + "@example.net");
    }

    @AfterEach
    void stop() throws Exception {
        ca.close();
    }

    private void issue(String address) throws Exception {
        String order = Ready.order(
                ca.store, address, "email-code-00", ca.clock.instant().getEpochSecond());
        ca.issuer.issue(order, Csrs.of(address));
    }

    private Audit.Report audit(List<byte[]> seen) {
        try (var log = new HttpLog(ca.base + "/acme/log")) {
            return Audit.run(log, new LogPolicy(ca.log.key(), List.of(), 0), seen, _ -> {});
        }
    }

    @Test
    void aCompleteLogIsGoodAndGrowsFromWhatWasSeenBefore() throws Exception {
        byte[] before;
        try (var log = new HttpLog(ca.base + "/acme/log")) {
            before = log.checkpoint();
        }
        issue("bob@example.net");
        var report = audit(List.of(before));
        assertTrue(report.isGood(), report::toString);
        assertEquals(6, report.entries());
    }

    @Test
    void aNewLogIsEmptyAndSaysSo() throws Exception {
        ca.close();
        ca = new TestCa(java.nio.file.Files.createDirectory(folder.resolve("new")));
        byte[] empty;
        try (var log = new HttpLog(ca.base + "/acme/log")) {
            empty = log.checkpoint();
        }
        var report = audit(List.of());
        assertTrue(report.isGood(), report::toString);
        assertEquals(0, report.entries());
        issue("bob@example.net");
        assertTrue(audit(List.of(empty)).isGood());
        // Opened again it is the same log.
        assertEquals(
                ca.log.key(),
                dev.starling.ca.Ready.log(folder.resolve("new"), ca.store).key());
    }

    @Test
    void anEntryThatIsTakenBackIsSeen() throws Exception {
        byte[] entries =
                ca.<byte[]>stored(session -> session.log().tile(Tile.ENTRIES, 0).orElseThrow());
        entries[10] ^= 1;
        ca.store.change(session -> session.log().tile(Tile.ENTRIES, 0, entries));
        var report = audit(List.of());
        assertEquals(
                List.of("altered-entry"),
                report.findings().stream().map(Audit.Finding::reason).toList());
    }

    @Test
    void whatIsNotThereSaysSo() {
        try (var log = new HttpLog(ca.base + "/nowhere")) {
            assertThrows(IOException.class, log::checkpoint);
        }
        try (var log = new HttpLog("nonsense with blanks")) {
            assertThrows(IOException.class, log::checkpoint);
        }
    }
}
