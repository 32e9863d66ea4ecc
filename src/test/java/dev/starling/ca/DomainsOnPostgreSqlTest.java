package dev.starling.ca;

import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.PostgreSql;
import java.io.IOException;

/// The same with a real PostgreSQL server behind it.
class DomainsOnPostgreSqlTest extends DomainsTest {
    @Override
    CaStore store() throws IOException {
        return CaStore.postgresql(PostgreSql.database());
    }
}
