package dev.starling.ca;

import dev.starling.ca.front.AcmeFront;
import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.registration.Limits;
import dev.starling.ca.registration.Orders;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.validation.Mailer;
import dev.starling.ca.validation.TestMailbox;
import dev.starling.web.RateLimit;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.Optional;

/// All roles of the CA in one process: opened on a folder, mounted on a server.
public final class CertificateAuthority implements AutoCloseable {
    private final CaStore store;
    private final Issuer issuer;
    private final Orders orders;
    private final Optional<TestMailbox> mailbox;
    private final Clock clock;

    /// @param smtp empty in local mode: then mails go to a page, and certificates carry the test policy
    public CertificateAuthority(Path folder, Optional<Mailer> smtp, Clock clock) throws IOException {
        Files.createDirectories(folder);
        this.clock = clock;
        store = new CaStore(folder.resolve("ca.db"));
        issuer = Issuer.open(folder, smtp.isEmpty(), store, clock);
        mailbox = smtp.isPresent() ? Optional.empty() : Optional.of(new TestMailbox(clock));
        Mailer mailer = smtp.isPresent() ? smtp.get() : mailbox.orElseThrow();
        orders = new Orders(store, issuer, mailer, smtp.isEmpty() ? Limits.LOCAL : Limits.USUAL, clock);
        store.sweep(clock.instant().getEpochSecond());
    }

    /// `base` is how clients reach the server, without a slash at the end.
    public void mount(Routes routes, String base) {
        boolean local = mailbox.isPresent();
        new AcmeFront(base, store, orders, new RateLimit(local ? 60_000 : 120, local ? 10_000 : 60, clock))
                .mount(routes);
        mailbox.ifPresent(m -> m.mount(routes));
        routes.get(
                "/acme/root.pem",
                _ -> Response.of(
                        200, "application/x-pem-file", Orders.pem(root()).getBytes(StandardCharsets.US_ASCII)));
    }

    public X509Certificate root() {
        return issuer.root();
    }

    public String rootPem() {
        return Orders.pem(root());
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
