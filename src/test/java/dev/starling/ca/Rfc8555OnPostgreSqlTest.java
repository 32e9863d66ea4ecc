package dev.starling.ca;

import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.PostgreSql;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Nested;

/// What of RFC 8555 is stored, with a real PostgreSQL server behind it.
class Rfc8555OnPostgreSqlTest {
    private static CaStore fresh() throws IOException {
        return CaStore.postgresql(PostgreSql.database());
    }

    @Nested
    class Accounts extends Rfc8555AccountsTest {
        @Override
        CaStore store(Path where) throws IOException {
            return fresh();
        }
    }

    @Nested
    class Binding extends Rfc8555BindingTest {
        @Override
        CaStore store(Path where) throws IOException {
            return fresh();
        }
    }

    @Nested
    class Orders extends Rfc8555OrdersTest {
        @Override
        CaStore store(Path where) throws IOException {
            return fresh();
        }
    }

    @Nested
    class Revocation extends Rfc8555RevocationTest {
        @Override
        CaStore store(Path where) throws IOException {
            return fresh();
        }
    }
}
