package dev.starling.ca.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.sql.DriverManager;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The store in a file, over versions and restarts.
class SqliteStoreTest extends CaStoreContract {
    @TempDir
    Path folder;

    @Override
    CaStore open() throws IOException {
        return CaStore.inFile(folder.resolve("ca.db"));
    }

    private CaStore old() throws IOException {
        return CaStore.inFile(folder.resolve("old.db"));
    }

    private void sql(String... statements) throws Exception {
        try (var db = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("old.db"));
                var s = db.createStatement()) {
            for (String each : statements) s.execute(each);
        }
    }

    private void first() throws Exception {
        sql(
                "create table account (id text primary key, thumbprint text unique, jwk text) without rowid",
                "create table acme_order (id text primary key, account text, address text, status text, part1 text,"
                        + " part2 text, tries integer, expires integer, chain text) without rowid",
                "create index order_address on acme_order (address, status)",
                "create table mail (address text, domain text, network text, sent integer)",
                "create index mail_sent on mail (sent)",
                "create table certificate (serial text primary key, order_id text, address text, to_be_signed blob,"
                        + " der blob, not_after integer) without rowid",
                "insert into account values ('a', 't', '{}')",
                "insert into acme_order values ('o', 'a', 'bob@example.net', 'valid', 'x', 'y', 1, 5, 'PEM')",
                "insert into acme_order values ('w', 'a', 'bob@example.net', 'pending', 'z', 'y', 1, 5, '')");
    }

    private static byte[] leaf(KeyPair key) throws Exception {
        var name = new X500Name("CN=x");
        var builder = new JcaX509v3CertificateBuilder(
                name,
                BigInteger.valueOf(5),
                Date.from(Instant.EPOCH),
                Date.from(Instant.ofEpochSecond(NOW)),
                name,
                key.getPublic());
        builder.addExtension(
                Extension.authorityKeyIdentifier,
                false,
                new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(key.getPublic()));
        return builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate()))
                .getEncoded();
    }

    @Test
    void aDatabaseOfTheFirstVersionIsReadAndShutToOthers() throws Exception {
        first();
        KeyPair key = Keys.generate();
        byte[] leaf = leaf(key);
        try (var db = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("old.db"));
                var s = db.prepareStatement("insert into certificate values ('5', 'o', 'bob@example.net', ?, ?, ?)")) {
            s.setBytes(1, new byte[] {7});
            s.setBytes(2, leaf);
            s.setLong(3, NOW);
            s.execute();
        }
        try (var store = old()) {
            var account = store.in(s -> s.accounts().byKey("t").orElseThrow());
            assertTrue(account.isActive());
            var order = store.in(s -> s.orders().byId("o").orElseThrow());
            assertEquals(Order.Status.VALID, order.status());
            assertEquals("5", order.serial());
            var kept = store.in(s -> s.certificates().bySerial("5").orElseThrow());
            assertEquals("PEM", kept.chain());
            assertEquals(DeviceId.ofKey(key.getPublic().getEncoded()).hex(), kept.device());
            assertEquals(1, store.<Integer>in(s -> s.certificates().count()));
            // Open orders were good for a day.
            assertTrue(store.<Boolean>in(s -> s.orders().byId("w").isEmpty()));
            // No more certificates by the old proof.
            var proof = store.in(s -> s.authorizations().byId("o").orElseThrow());
            assertEquals(false, proof.isGood(NOW));
        }
        old().close();
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("old.db"))));
    }

    @Test
    void aDatabaseOfANewerVersionIsLeftAlone() throws Exception {
        old().close();
        sql("insert into flyway_schema_history select 99, '99', 'of tomorrow', type, script, checksum, installed_by,"
                + " installed_on, execution_time, success from flyway_schema_history where version = '2'");
        var e = assertThrows(IOException.class, this::old);
        assertTrue(String.valueOf(e.getMessage()).contains("another version"), e::getMessage);
        sql("drop table flyway_schema_history", "pragma user_version = 99");
        assertTrue(String.valueOf(assertThrows(IOException.class, this::old).getMessage())
                .contains("newer version"));
    }

    @Test
    void aFileThatIsNoDatabaseIsRefusedInPlainWords() throws Exception {
        Files.writeString(
                folder.resolve("old.db"), "not a database, but long enough to be looked at as one".repeat(50));
        var e = assertThrows(IOException.class, this::old);
        assertTrue(String.valueOf(e.getMessage()).contains("cannot be opened"), e::getMessage);
    }

    @Test
    void aSecondProcessIsKeptOutAndToldWhatToDo() throws Exception {
        try (var _ = old()) {
            var e = assertThrows(IOException.class, this::old);
            assertTrue(String.valueOf(e.getMessage()).contains("PostgreSQL"), e::getMessage);
        }
        old().close();
    }
}
