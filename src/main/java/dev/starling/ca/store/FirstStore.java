package dev.starling.ca.store;

import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.List;
import javax.sql.DataSource;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.flywaydb.core.api.MigrationVersion;
import org.flywaydb.core.api.migration.Context;
import org.flywaydb.core.api.migration.JavaMigration;

/// What a CA kept in SQLite before there were authorizations: accounts, and orders that were their own authorization.
/// It
/// is set aside, the tables of today are made, and what is still of use is taken over; open orders are not, which were
/// good for a day.
final class FirstStore {
    private static final List<String> COMPLETE = List.of(
            "alter table account add column status text not null default 'valid'",
            "alter table account add column created integer not null default 0",
            "alter table acme_order add column created integer not null default 0",
            "alter table acme_order add column validated integer not null default 0",
            "alter table acme_order add column error text not null default ''",
            "create table outbox (order_id text primary key, language text, attempts integer, due integer)");
    private static final List<String> TABLES = List.of("account", "acme_order", "certificate", "mail", "outbox");
    private static final int NEWEST = 2;

    private FirstStore() {}

    /// Brings one of the first version to the second, the last that counted so.
    static void complete(DataSource source, Path file) throws IOException {
        try (Connection db = source.getConnection();
                Statement s = db.createStatement()) {
            int version;
            try (var rows = s.executeQuery("pragma user_version")) {
                version = rows.next() ? rows.getInt(1) : 0;
            }
            if (version > NEWEST)
                throw new IOException("The CA's database " + file + " was written by a newer version of this program.");
            if (version == NEWEST || !exists(s, "acme_order")) return;
            db.setAutoCommit(false);
            for (String each : COMPLETE) s.execute(each);
            s.execute("pragma user_version = " + NEWEST);
            db.commit();
        } catch (SQLException e) {
            throw new IOException("The CA's database " + file + " cannot be opened: " + e.getMessage(), e);
        }
    }

    private static boolean exists(Statement s, String table) throws SQLException {
        try (var rows = s.getConnection().getMetaData().getTables(null, null, table, null)) {
            return rows.next();
        }
    }

    abstract static class Step implements JavaMigration {
        private final String version, description;

        Step(String version, String description) {
            this.version = version;
            this.description = description;
        }

        @Override
        public MigrationVersion getVersion() {
            return MigrationVersion.fromVersion(version);
        }

        @Override
        public String getDescription() {
            return description;
        }

        @Override
        public Integer getChecksum() {
            return 0;
        }

        @Override
        public boolean canExecuteInTransaction() {
            return true;
        }
    }

    /// Its tables make room.
    static final class Aside extends Step {
        Aside() {
            super("1", "the first store set aside");
        }

        @Override
        public void migrate(Context context) throws SQLException {
            try (Statement s = context.getConnection().createStatement()) {
                if (!exists(s, "acme_order")) return;
                for (String index : List.of("order_address", "mail_sent", "order_account", "mail_address"))
                    s.execute("drop index if exists " + index);
                for (String table : TABLES)
                    if (exists(s, table)) s.execute("alter table " + table + " rename to first_" + table);
            }
        }
    }

    /// Accounts, issued orders with their authorizations, certificates.
    static final class Taken extends Step {
        Taken() {
            super("3", "the first store taken over");
        }

        @Override
        public void migrate(Context context) throws Exception {
            Connection db = context.getConnection();
            try (Statement s = db.createStatement()) {
                if (!exists(s, "first_acme_order")) return;
                s.execute("insert into account (id, thumbprint, jwk, status, contact, created)"
                        + " select id, thumbprint, jwk, status, '', created from first_account");
                // Expired, so that nothing more is issued for them without a new proof.
                s.execute("insert into authz (id, account, type, value, status, part1, created, expires, validated,"
                        + " proof, error) select id, account, 'email', address, 'valid', part1, created, expires,"
                        + " validated, 'code', '' from first_acme_order where status = 'valid'");
                s.execute("insert into challenge (id, authz, type, token, status, tries, validated, error)"
                        + " select id, id, 'email-code-00', part2, 'valid', tries, validated, ''"
                        + " from first_acme_order where status = 'valid'");
                s.execute("insert into cert_order (id, account, authz, type, value, status, created, expires, csr,"
                        + " serial, replaces, error) select o.id, o.account, o.id, 'email', o.address, 'valid', o.created,"
                        + " o.expires, x'', coalesce((select max(c.serial) from first_certificate c where"
                        + " c.order_id = o.id and c.der is not null), ''), '', '' from first_acme_order o"
                        + " where status = 'valid'");
                certificates(db, s);
                for (String table : TABLES) s.execute("drop table if exists first_" + table);
            }
        }

        private static void certificates(Connection db, Statement s) throws SQLException, IdentityException {
            String columns =
                    "serial, cert_order, account, type, value, device, issuer, to_be_signed, chain, not_before,"
                            + " not_after, revoked, reason, log_index";
            try (var rows = s.executeQuery(
                            "select c.serial, c.order_id, coalesce(o.account, ''), c.address, c.to_be_signed,"
                                    + " c.der, c.not_after, coalesce(o.chain, '') from first_certificate c"
                                    + " left join first_acme_order o on o.id = c.order_id");
                    var add = db.prepareStatement("insert into certificate (" + columns
                            + ") values (?, ?, ?, 'email', ?, ?, ?, ?, ?, ?, ?, 0, 0, -1)")) {
                while (rows.next()) {
                    byte[] der = rows.getBytes(6);
                    String device = "", issuer = "";
                    long notBefore = 0;
                    if (der != null) {
                        X509Certificate leaf = Keys.certificate(der);
                        device =
                                DeviceId.ofKey(leaf.getPublicKey().getEncoded()).hex();
                        issuer = issuer(leaf);
                        notBefore = leaf.getNotBefore().toInstant().getEpochSecond();
                    }
                    add.setString(1, rows.getString(1));
                    add.setString(2, rows.getString(2));
                    add.setString(3, rows.getString(3));
                    add.setString(4, rows.getString(4));
                    add.setString(5, device);
                    add.setString(6, issuer);
                    add.setBytes(7, rows.getBytes(5));
                    add.setString(8, rows.getString(8));
                    add.setLong(9, notBefore);
                    add.setLong(10, rows.getLong(7));
                    add.execute();
                }
            }
        }

        private static String issuer(X509Certificate leaf) {
            byte[] extension = leaf.getExtensionValue(Extension.authorityKeyIdentifier.getId());
            byte[] id = AuthorityKeyIdentifier.getInstance(
                            ASN1OctetString.getInstance(extension).getOctets())
                    .getKeyIdentifierOctets();
            return HexFormat.of().formatHex(id);
        }
    }
}
