package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.front.Origin;
import dev.starling.ca.issuance.RevocationLists;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.registration.Revocations;
import dev.starling.ca.store.CaStore;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;

/// A backup of a running CA, and the CA that is made of it.
class BackupTest extends AcmeTest {
    private static String issued(TestCa ca, AcmeCaller caller) throws Exception {
        var order = caller.order(BOB);
        if (order.text("status").equals("pending"))
            caller.answer(caller.challenge(order), ca.letters.last().code());
        return caller.post(caller.finish(order, Csrs.of(BOB)).text("certificate"), "")
                .http()
                .body();
    }

    @Test
    void aCaThatRunsIsBackedUpAndRestoredWithAllItKnows() throws Exception {
        issued(ca, bob);
        Path file = folder.resolve("ca.zip"), elsewhere = folder.resolve("elsewhere");
        Backup.write(folder, file);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        issued(ca, bob);
        Backup.restore(file, elsewhere);
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(elsewhere)));
        var store = CaStore.inFile(elsewhere.resolve("ca.db"));
        try (var again = new TestCa(store, elsewhere, Limits.LOCAL, 1_000_000, new Origin(false));
                var caller = new AcmeCaller(again.base, bob.key, again.base + bob.kid.substring(bob.base.length()))) {
            assertArrayEquals(Keys.encoded(ca.issuer.root()), Keys.encoded(again.issuer.root()));
            assertEquals(
                    1, again.<Integer>stored(session -> session.certificates().count()));
            assertTrue(issued(again, caller).contains("BEGIN CERTIFICATE"), "the account and its proof are known");
        }
        try (var all = Files.list(folder)) {
            assertFalse(all.anyMatch(each -> each.toString().endsWith(".part")));
        }
    }

    @Test
    void nothingThatIsThereIsWrittenOver() throws Exception {
        Path file = folder.resolve("ca.zip");
        Files.writeString(file, "precious");
        assertThrows(IOException.class, () -> Backup.write(folder, file));
        assertEquals("precious", Files.readString(file));
        Backup.write(folder, folder.resolve("other.zip"));
        var e = assertThrows(IOException.class, () -> Backup.restore(folder.resolve("other.zip"), folder));
        assertTrue(String.valueOf(e.getMessage()).contains("not empty"));
    }

    @Test
    void aBackupThatNamesOtherFilesIsRefused() throws Exception {
        for (String name : new String[] {"../../x.pem", "/x.pem", "a/b.pem", "authorized_keys", "ca.db/x"}) {
            Path file = folder.resolve("bad.zip"), to = folder.resolve("bad");
            try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write(1);
            }
            assertThrows(IOException.class, () -> Backup.restore(file, to), name);
            assertFalse(Files.exists(to));
            try (var left = Files.list(folder.resolve("bad.part"))) {
                assertEquals(0, left.count());
            }
            Files.delete(folder.resolve("bad.part"));
        }
        Path none = Files.writeString(folder.resolve("none.zip"), "no zip");
        assertThrows(IOException.class, () -> Backup.restore(none, folder.resolve("none")));
    }

    @Test
    void theOperatorWithdrawsBesideTheRunningCa() throws Exception {
        issued(ca, bob);
        String serial = ca.stored(
                session -> session.certificates().of(BOB, 1).getFirst().serial());
        try (var beside = CaStore.beside(folder.resolve("ca.db"))) {
            var lists = RevocationLists.of(folder, beside, ca.clock);
            new Revocations(beside, lists::renew, ca.clock).byOperator(serial, 4);
        }
        assertTrue(ca.<Boolean>stored(
                session -> session.certificates().bySerial(serial).orElseThrow().isRevoked()));
        String issuing = ca.stored(
                session -> session.certificates().of(BOB, 1).getFirst().issuer());
        assertTrue(ca.issuer.lists().newestOf(issuing).isPresent());
    }
}
