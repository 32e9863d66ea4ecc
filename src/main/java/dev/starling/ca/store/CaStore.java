package dev.starling.ca.store;

import dev.starling.acme.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/// What the CA remembers: accounts, authorizations, orders, certificates, mails. What was answered survives `kill -9`.
/// Everything is read and changed in transactions.
public final class CaStore implements AutoCloseable {
    /// What may be refused: then nothing of it has happened.
    public interface Work<T> {
        T run(Session session) throws Problem;
    }

    private final Database db;
    private final boolean shared;
    private final Bells bells;

    private CaStore(Database db, boolean shared, Bells bells) {
        this.db = db;
        this.shared = shared;
        this.bells = bells;
    }

    /// SQLite.
    public static CaStore inFile(Path file) throws IOException {
        return new CaStore(Database.sqlite(file), false, new Bells(Optional.empty()));
    }

    /// The same beside a CA that may be running, for its operator's tools; the file must be there, of this version.
    public static CaStore beside(Path file) throws IOException {
        return new CaStore(Database.beside(file), false, new Bells(Optional.empty()));
    }

    /// As it is at one moment, also while it is written.
    ///
    /// @param to is written over
    public static void copy(Path file, Path to) throws IOException {
        Database.copy(file, to);
    }

    /// @param url `jdbc:postgresql://…`
    public static CaStore postgresql(String url) throws IOException {
        if (!url.startsWith("jdbc:postgresql:")) throw new IOException("The database must be jdbc:postgresql://…");
        return new CaStore(Database.postgresql(url), true, new Bells(Optional.of(url)));
    }

    /// Whether other processes may use it at the same time.
    public boolean isShared() {
        return shared;
    }

    /// By which the processes that share it wake one another.
    public Bells bells() {
        return bells;
    }

    /// Asks, or changes and tells, in one transaction.
    public <T> T in(Function<Session, T> work) throws IOException {
        return db.<T, RuntimeException>whole(handle -> work.apply(new Session(handle, db.dialect())));
    }

    public void change(Consumer<Session> work) throws IOException {
        boolean _ = this.<Boolean>in(session -> {
            work.accept(session);
            return true;
        });
    }

    /// The same of what may be refused.
    public <T> T whole(Work<T> work) throws Problem, IOException {
        return db.<T, Problem>whole(handle -> work.run(new Session(handle, db.dialect())));
    }

    public void sweep(long now) throws IOException {
        change(session -> session.sweep(now));
        change(session -> session.sweepAccounts(now));
    }

    @Override
    public void close() throws IOException {
        bells.close();
        db.close();
    }
}
