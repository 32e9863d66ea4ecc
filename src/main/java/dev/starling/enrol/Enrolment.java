package dev.starling.enrol;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.text.ParseException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// The user's side of RFC 8555: an order for one address, proven by the code from the mail (`email-code-00`).
public final class Enrolment implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Pattern CODE = Pattern.compile("(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])");

    /// Waits until the person gives the code, in whatever form it was pasted.
    public interface CodeSource {
        String code() throws IOException;
    }

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .build();
    private final Map<String, Object> directory;
    private final ECKey account;
    private Optional<String> kid = Optional.empty();
    private String nonce = "";

    public Enrolment(URI directoryUrl) throws IOException, Problem {
        try {
            account = new ECKeyGenerator(Curve.P_256).generate();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
        directory = json(send(HttpRequest.newBuilder(directoryUrl).GET()).body());
    }

    /// The 32-character code in a pasted text: the code alone, or the whole mail, with line breaks or blanks.
    public static Optional<String> codeIn(String pasted) {
        Matcher match = CODE.matcher(pasted);
        if (match.find()) return Optional.of(match.group());
        String joined = pasted.replaceAll("[\\s\"'<>]", "").replaceFirst("(?i)^.*?ACME:", "");
        return joined.matches("[A-Za-z0-9_-]{32}") ? Optional.of(joined) : Optional.empty();
    }

    /// Orders, asks for the code, and gives the chain for `key`, leaf first.
    public List<X509Certificate> enrol(Address address, KeyPair key, CodeSource codes) throws IOException, Problem {
        kid = Optional.of(location(post(url("newAccount"), "{\"termsOfServiceAgreed\":true}")));
        var ordered = post(
                url("newOrder"),
                JSONObjectUtils.toJSONString(
                        Map.of("identifiers", List.of(Map.of("type", "email", "value", address.text())))));
        String orderUrl = location(ordered);
        Map<String, Object> order = json(ordered.body());
        Map<String, Object> challenge =
                challenge(json(post(first(order, "authorizations"), "").body()));
        String code = codeIn(codes.code())
                .orElseThrow(
                        () -> new IOException("There is no code in what was pasted; it has 32 letters and digits."));
        String proof = code + challenge.get("token") + "." + Jws.thumbprint(account);
        String response = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(DeviceId.sha256(proof.getBytes(StandardCharsets.US_ASCII)));
        post(String.valueOf(challenge.get("url")), "{\"response\":\"" + response + "\"}");
        String csr = Base64URL.encode(csr(address, key)).toString();
        post(String.valueOf(order.get("finalize")), "{\"csr\":\"" + csr + "\"}");
        Map<String, Object> done = json(post(orderUrl, "").body());
        return certificates(post(String.valueOf(done.get("certificate")), "").body());
    }

    private static Map<String, Object> challenge(Map<String, Object> authorization) throws IOException {
        try {
            for (Map<String, Object> each : JSONObjectUtils.getJSONObjectArray(authorization, "challenges"))
                if ("email-code-00".equals(each.get("type"))) return each;
        } catch (ParseException e) {
            throw new IOException("the CA's authorization cannot be read", e);
        }
        throw new IOException("this CA does not offer a code by mail");
    }

    private static byte[] csr(Address address, KeyPair key) throws IOException {
        try {
            var extensions = new ExtensionsGenerator();
            var name = new GeneralName(GeneralName.rfc822Name, address.text());
            extensions.addExtension(Extension.subjectAlternativeName, true, new GeneralNames(name));
            extensions.addExtension(
                    Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyAgreement));
            return new JcaPKCS10CertificationRequestBuilder(new X500Name(new RDN[0]), key.getPublic())
                    .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
                    .build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate()))
                    .getEncoded();
        } catch (OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<X509Certificate> certificates(String pem) throws IOException {
        var chain = new ArrayList<X509Certificate>();
        for (String part : pem.split("-----END CERTIFICATE-----")) {
            String body = part.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
            if (body.isEmpty()) continue;
            try {
                chain.add(Keys.certificate(Base64.getDecoder().decode(body)));
            } catch (IdentityException | IllegalArgumentException e) {
                throw new IOException("the CA's certificate cannot be read", e);
            }
        }
        return chain;
    }

    private HttpResponse<String> post(String url, String payload) throws IOException, Problem {
        if (nonce.isEmpty())
            keepNonce(send(HttpRequest.newBuilder(URI.create(url("newNonce"))).GET()));
        byte[] body = Jws.sign(account, kid, nonce, url, payload);
        nonce = "";
        var response = send(HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", "application/jose+json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
        keepNonce(response);
        return response;
    }

    private void keepNonce(HttpResponse<String> response) {
        nonce = response.headers().firstValue("Replay-Nonce").orElse("");
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, Problem {
        try {
            var response = http.send(request.timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() < 400) return response;
            Map<String, Object> problem = json(response.body());
            String type = String.valueOf(problem.get("type"));
            throw new Problem(
                    type.substring(type.lastIndexOf(':') + 1),
                    response.statusCode(),
                    String.valueOf(problem.get("detail")));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private String url(String name) {
        return String.valueOf(directory.get(name));
    }

    private static String location(HttpResponse<?> response) throws IOException {
        return response.headers().firstValue("Location").orElseThrow(() -> new IOException("the CA gave no Location"));
    }

    private static String first(Map<String, Object> json, String name) throws IOException {
        if (json.get(name) instanceof List<?> list && !list.isEmpty()) return String.valueOf(list.getFirst());
        throw new IOException("the CA's order has no " + name);
    }

    private static Map<String, Object> json(String text) throws IOException {
        try {
            return JSONObjectUtils.parse(text);
        } catch (ParseException e) {
            throw new IOException("the CA's answer cannot be read", e);
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
