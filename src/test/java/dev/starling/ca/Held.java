package dev.starling.ca;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/// Stops whoever takes one step in the database, at that step, so that it can be killed there: a trigger waits for a
/// lock that the test has.
final class Held implements AutoCloseable {
    private static final int LOCK = 4711;

    private final Connection db;
    private final String table;

    /// @param when `insert` or `update of COLUMN`
    /// @param condition on `new` and `old`, SQL
    Held(String database, String table, String when, String condition) throws SQLException {
        this.table = table;
        db = DriverManager.getConnection(database);
        run("create or replace function hold() returns trigger language plpgsql as $$ begin"
                + " perform pg_advisory_xact_lock(" + LOCK + "); return new; end $$");
        run("select pg_advisory_lock(" + LOCK + ")");
        run("create trigger hold before " + when + " on " + table + " for each row when (" + condition
                + ") execute function hold()");
    }

    private void run(String sql) throws SQLException {
        try (var s = db.createStatement()) {
            s.execute(sql);
        }
    }

    /// Returns when somebody stands there.
    void awaitSomebody() throws SQLException, InterruptedException {
        for (int i = 0; i < 600; i++) {
            try (var s = db.createStatement();
                    var rows = s.executeQuery("select count(*) from pg_locks where locktype = 'advisory' and objid = "
                            + LOCK + " and not granted")) {
                if (rows.next() && rows.getInt(1) > 0) return;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("nobody came to " + table);
    }

    /// Nobody is stopped any more; whoever was killed there has done nothing.
    @Override
    public void close() throws SQLException {
        run("select pg_advisory_unlock(" + LOCK + ")");
        run("drop trigger hold on " + table);
        db.close();
    }
}
