package dev.starling.ca;

import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.issuance.ListPlace;
import dev.starling.ca.log.CertificateLog;
import dev.starling.ca.log.LogKey;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Order;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;

/// Orders whose mailbox is proven, without the way there.
public final class Ready {
    private Ready() {}

    /// The issuer in a folder, with a log.
    public static Issuer issuer(Path folder, boolean test, CaStore store, Clock clock) throws IOException {
        return Issuer.open(folder, test, store, log(folder, store), clock);
    }

    /// A log whose key is in a folder.
    public static CertificateLog log(Path folder, CaStore store) throws IOException {
        return new CertificateLog(store, LogKey.open(folder, store, "ca.example/log"));
    }

    /// One whose certificates name lists below `place`.
    public static Issuer issuer(Path folder, ListPlace place, CaStore store, Clock clock) throws IOException {
        var config = new Issuer.Config(folder, Optional.empty(), false, place);
        return Issuer.open(config, store, log(config.folder(), store), clock);
    }

    /// Makes one.
    ///
    /// @param proof the type of the challenge that proved it
    /// @param now Unix seconds
    public static String order(CaStore store, String address, String proof, long now) throws IOException {
        String id = dev.starling.ca.registration.Ids.random();
        store.change(session -> {
            session.authorizations()
                    .add(new Authorization(
                            id,
                            "account",
                            "email",
                            address,
                            Authorization.Status.VALID,
                            now,
                            now + 86_400,
                            now,
                            proof,
                            Fault.NONE));
            session.orders()
                    .add(new Order(
                            id,
                            "account",
                            id,
                            "email",
                            address,
                            Order.Status.READY,
                            now,
                            now + 86_400,
                            new byte[0],
                            "",
                            "",
                            Fault.NONE));
        });
        return id;
    }

    /// The chain that an order came to, PEM; "" when it has none.
    public static String chain(CaStore store, String order) throws IOException {
        return store.in(session -> {
            String serial = session.orders().byId(order).orElseThrow().serial();
            return session.certificates().bySerial(serial).map(c -> c.chain()).orElse("");
        });
    }
}
