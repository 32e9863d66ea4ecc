package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import dev.starling.identity.TrustAnchors;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.shredzone.acme4j.Account;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.Identifier;
import org.shredzone.acme4j.Login;
import org.shredzone.acme4j.Order;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.Status;
import org.shredzone.acme4j.challenge.TokenChallenge;
import org.shredzone.acme4j.exception.AcmeServerException;
import org.shredzone.acme4j.toolbox.JSON;
import org.shredzone.acme4j.toolbox.JSONBuilder;

/// A stock ACME client (acme4j), taught nothing but the one challenge, drives the CA from account to certificate.
class StockClientTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /// `email-code-00`: the answer travels in the request that triggers the challenge.
    static final class EmailCode extends TokenChallenge {
        private static final long serialVersionUID = 1;
        String code = "";

        EmailCode(Login login, JSON data) {
            super(login, data);
        }

        @Override
        protected boolean acceptable(String type) {
            return type.equals("email-code-00");
        }

        @Override
        protected void prepareResponse(JSONBuilder response) {
            byte[] proof = (code + getAuthorization()).getBytes(StandardCharsets.US_ASCII);
            response.put("response", Base64.getUrlEncoder().withoutPadding().encodeToString(DeviceId.sha256(proof)));
        }
    }

    @TempDir
    Path folder;

    private static EmailCode challenge(Login login, Order order) {
        var authorization = order.getAuthorizations().getFirst();
        assertEquals(Status.PENDING, authorization.getStatus());
        return new EmailCode(login, authorization.getChallenges().getFirst().getJSON());
    }

    private static Login login(TestCa ca) throws Exception {
        return new AccountBuilder()
                .agreeToTermsOfService()
                .useKeyPair(Keys.generate())
                .createLogin(new Session(ca.directory()));
    }

    @Test
    void itGetsACertificateForAnAddress() throws Exception {
        try (var ca = new TestCa(folder)) {
            Login login = login(ca);
            Order order = login.newOrder()
                    .identifier(new Identifier("email", "bob@example.net"))
                    .create();
            EmailCode challenge = challenge(login, order);
            challenge.code = ca.letters.last().code();
            challenge.trigger();
            assertEquals(Status.READY, order.waitUntilReady(PATIENCE));

            KeyPair device = Keys.generate();
            order.execute(Csrs.of("bob@example.net", device));
            assertEquals(Status.VALID, order.waitForCompletion(PATIENCE));

            var chain = order.getCertificate().getCertificateChain().stream()
                    .map(Keys::encoded)
                    .toList();
            var verified = new CertificateVerifier(TrustAnchors.of(ca.issuer.root()), false)
                    .verify(chain, Address.parse("bob@example.net"), ca.clock.instant());
            assertEquals(DeviceId.ofKey(device.getPublic().getEncoded()), verified.device());
            assertEquals("code", verified.level());
        }
    }

    @Test
    void itUnderstandsTheRefusals() throws Exception {
        try (var ca = new TestCa(folder)) {
            Login login = login(ca);
            var dns = assertThrows(
                    AcmeServerException.class,
                    () -> login.newOrder().domain("example.net").create());
            assertTrue(dns.getType().toString().endsWith(":unsupportedIdentifier"));
            Order order = login.newOrder()
                    .identifier(new Identifier("email", "bob@example.net"))
                    .create();
            EmailCode challenge = challenge(login, order);
            challenge.code = "A".repeat(32);
            var wrong = assertThrows(AcmeServerException.class, challenge::trigger);
            assertEquals("This is not the code from the mail.", wrong.getMessage());
        }
    }

    @Test
    void itFindsItsAccountAndItsOrdersAgainAndDeactivatesIt() throws Exception {
        try (var ca = new TestCa(folder)) {
            Login login = login(ca);
            Account account = login.getAccount();
            assertEquals(Status.VALID, account.getStatus());
            Order order = login.newOrder()
                    .identifier(new Identifier("email", "bob@example.net"))
                    .create();
            assertEquals(order.getLocation(), account.getOrders().next().getLocation());
            account.deactivate();
            assertThrows(
                    AcmeServerException.class,
                    () -> login.newOrder()
                            .identifier(new Identifier("email", "bob@example.net"))
                            .create());
        }
    }
}
