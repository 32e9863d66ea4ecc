package dev.starling.enrol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.enrol.EnrolmentException.Reason;
import dev.starling.identity.Keys;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebServer;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A CA of the web that does what it should, and one that lies. With a real one: `public-peer.test.js`.
class DomainCertificateTest implements DomainCertificate.Challenges {
    private static final String NAME = "peer.example.net", TOKEN = "token-of-the-challenge_0";

    @TempDir
    Path folder;

    private final List<String> shown = new ArrayList<>(), hidden = new ArrayList<>();
    private WebServer server;
    private String base;
    private Optional<KeyPair> certified = Optional.empty();
    private String named = NAME;
    private String token = TOKEN;
    private String authorization = "valid";
    private String order = "pending";

    @BeforeEach
    void start() throws IOException {
        var routes = new Routes();
        server = WebServer.start(
                new WebServer.Config("127.0.0.1", 0, Optional.empty(), 1024), routes, new StandingClock());
        base = "http://127.0.0.1:" + server.port();
        routes.get("/directory", _ -> json(200, "{'newNonce':'B/nonce','newAccount':'B/account','newOrder':'B/new'}"));
        routes.get("/nonce", _ -> Response.empty(200).with("replay-nonce", "AAAA"));
        post(routes, "/account", _ -> json(201, "{}").with("location", base + "/account/1"));
        post(routes, "/new", _ -> json(201, order()).with("location", base + "/order"));
        post(routes, "/order", _ -> json(200, order()));
        post(routes, "/authz", _ -> json(200, authorization()));
        post(routes, "/challenge", _ -> {
            assertEquals(1, shown.size() - hidden.size(), "shown when the CA is told to look");
            order = "ready";
            return json(200, "{}");
        });
        post(routes, "/finalize", request -> {
            certificate(request.text());
            order = "valid";
            return json(200, "{}");
        });
        post(routes, "/certificate", _ -> Response.of(200, "application/pem-certificate-chain", pem));
    }

    private byte[] pem = new byte[0];

    private interface Answer {
        Response to(dev.starling.web.Request request) throws IOException;
    }

    private static void post(Routes routes, String path, Answer answer) {
        routes.on("POST", path, 16_384, request -> answer.to(request).with("replay-nonce", "AAAA"));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String order() {
        return "{'status':'" + order
                + "','authorizations':['B/authz'],'finalize':'B/finalize','certificate':'B/certificate'}";
    }

    private String authorization() {
        String now = order.equals("pending") ? "pending" : authorization;
        String error = now.equals("invalid") ? ",'error':{'detail':'Nobody is there.\\u001b[31m'}" : "";
        return "{'status':'" + now + "','challenges':[{'type':'dns-01','url':'B/no','token':'x'},"
                + "{'type':'http-01','url':'B/challenge','token':'" + token + "'" + error + "}]}";
    }

    private Response json(int status, String text) {
        return Response.json(status, text.replace("'", "\"").replace("B/", base + "/"))
                .with("replay-nonce", "AAAA");
    }

    private void certificate(String jws) throws IOException {
        try {
            String payload = jws.replaceAll("(?s).*\"payload\"\\s*:\\s*\"([^\"]*)\".*", "$1");
            String json = new String(Base64.getUrlDecoder().decode(payload), StandardCharsets.UTF_8);
            byte[] der = Base64.getUrlDecoder().decode(json.replaceAll("(?s).*\"csr\"\\s*:\\s*\"([^\"]*)\".*", "$1"));
            var key = certified.isPresent()
                    ? certified.get().getPublic()
                    : new JcaPKCS10CertificationRequest(der).getPublicKey();
            var ca = Keys.generate();
            var now = Instant.now();
            var holder = new JcaX509v3CertificateBuilder(
                            new X500Name("CN=web"),
                            BigInteger.TWO,
                            Date.from(now.minusSeconds(60)),
                            Date.from(now.plusSeconds(86_400)),
                            new X500Name(""),
                            key)
                    .addExtension(
                            Extension.subjectAlternativeName,
                            true,
                            new GeneralNames(new GeneralName(GeneralName.dNSName, named)))
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(ca.getPrivate()));
            String text = Base64.getMimeEncoder().encodeToString(holder.getEncoded());
            pem = ("-----BEGIN CERTIFICATE-----\n" + text + "\n-----END CERTIFICATE-----\n")
                    .getBytes(StandardCharsets.US_ASCII);
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    @Override
    public void show(String shownToken, String keyAuthorization) {
        assertTrue(keyAuthorization.matches("[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{43}"), keyAuthorization);
        shown.add(shownToken);
    }

    @Override
    public void hide(String hiddenToken) {
        hidden.add(hiddenToken);
    }

    private Keys.Held obtained() throws Exception {
        var account = folder.resolve("acme.account");
        return new DomainCertificate(
                        URI.create(base + "/directory"), account, Optional.empty(), this, Duration.ofMillis(2))
                .obtain(NAME);
    }

    private void refused(Reason reason, String why) {
        var e = assertThrows(EnrolmentException.class, this::obtained);
        assertEquals(reason, e.reason(), e::detail);
        assertTrue(e.detail().contains(why), e::detail);
        assertEquals(shown, hidden, "nothing stays shown");
    }

    @Test
    void aNewKeyIsCertifiedForTheName() throws Exception {
        var held = obtained();
        assertTrue(DomainCertificate.isFor(held.chain().getFirst(), NAME));
        assertEquals(List.of(TOKEN), shown);
        assertEquals(List.of(TOKEN), hidden);
        var account = folder.resolve("acme.account");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(account)));
        order = "pending";
        String before = Files.readString(account);
        assertTrue(!held.publicKey().equals(obtained().publicKey()), "each time a new one");
        assertEquals(before, Files.readString(account), "of the same account");
    }

    @Test
    void whatTheCaSawIsSaidInItsWordsAndWithoutItsColours() {
        authorization = "invalid";
        refused(Reason.REFUSED, "Nobody is there. [31m");
    }

    @Test
    void aCertificateOfAnotherKeyOrNameIsRefused() {
        certified = Optional.of(Keys.generate());
        refused(Reason.NOT_GENUINE, "another key");
        certified = Optional.empty();
        order = "pending";
        named = "mallory.example.net";
        refused(Reason.NOT_GENUINE, "another name");
    }

    @Test
    void aTokenThatWouldBeAPathIsRefused() {
        for (String each :
                List.of("../../etc/passwd-and-more", "short", "with a blank in the middle", "%2e%2e%2f00000000")) {
            token = each;
            refused(Reason.UNINTELLIGIBLE, "a token that is none");
        }
        assertEquals(List.of(), shown);
    }

    @Test
    void aCaThatNeverDecidesIsLeft() {
        authorization = "processing";
        refused(Reason.UNREACHABLE, "too long");
    }

    @Test
    void anotherNameOfTheSameEndIsNotOurs() throws Exception {
        var leaf = obtained().chain().getFirst();
        for (String other : List.of("example.net", "a.peer.example.net", "peer.example.net.", "PEER.example.org"))
            assertTrue(!DomainCertificate.isFor(leaf, other), other);
    }
}
