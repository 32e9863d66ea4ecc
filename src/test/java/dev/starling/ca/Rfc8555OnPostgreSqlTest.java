package dev.starling.ca;

import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.PostgreSql;
import java.io.IOException;
import java.nio.file.Path;

/// RFC 8555 with a real PostgreSQL server behind it.
class Rfc8555OnPostgreSqlTest extends Rfc8555Test {
    @Override
    CaStore store(Path where) throws IOException {
        return CaStore.postgresql(PostgreSql.database());
    }
}
