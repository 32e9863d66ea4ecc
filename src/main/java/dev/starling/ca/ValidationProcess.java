package dev.starling.ca;

import dev.starling.ca.registration.Silence;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.validation.ProofCheck;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;

/// The role that proves mailboxes, in a process of its own beside a front that has no keys.
public final class ValidationProcess implements AutoCloseable {
    private final CaStore store;
    private final Validation validation;

    /// @param folder with its keys
    /// @param database URL of PostgreSQL for JDBC
    public ValidationProcess(Path folder, MailSettings mail, String database, Clock clock) throws IOException {
        CertificateAuthority.makeOwnerOnly(folder);
        store = CaStore.postgresql(database);
        try {
            validation = new Validation(folder, Optional.of(mail), store, new Silence(store, clock), clock);
            validation.start();
        } catch (IOException | RuntimeException e) {
            store.close();
            throw e;
        }
    }

    /// By which an issuer knows its proofs.
    public ProofCheck check() {
        return validation.check();
    }

    /// As [CertificateAuthority#dnsRecord].
    public Optional<String> dnsRecord() {
        return validation.dnsRecord();
    }

    @Override
    public void close() throws IOException {
        validation.close();
        store.close();
    }
}
