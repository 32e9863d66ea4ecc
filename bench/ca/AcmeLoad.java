import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.identity.DeviceId;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// One ACME client for all: each worker has an account and takes one certificate after the other, from the order to the
/// chain, each for a name and a key that nobody had before.
final class AcmeLoad {
    private static final Duration PATIENCE = Duration.ofSeconds(5), SOON = Duration.ofMillis(10);
    private static final AtomicInteger NAMES = new AtomicInteger();

    /// Where the CAs differ.
    interface Kind {
        /// What is certified, as `type` and `value` of an identifier.
        List<String> name(int number);

        /// The type of the challenge, and the payload that answers it.
        String challenge();

        String answer(Worker worker, String name, Map<String, Object> challenge) throws IOException, InterruptedException;

        int tag();
    }

    /// Ours: the code out of the mail, as a browser sends it back.
    record Code(String mailbox) implements Kind {
        @Override
        public List<String> name(int number) {
            return List.of("email", "person" + number + "@host" + number % 997 + ".example.net");
        }

        @Override
        public String challenge() {
            return "email-code-00";
        }

        @Override
        public int tag() {
            return GeneralName.rfc822Name;
        }

        @Override
        public String answer(Worker worker, String name, Map<String, Object> challenge)
                throws IOException, InterruptedException {
            String mail = worker.get(URI.create(mailbox + name));
            String code = mail.replaceFirst("(?s).*?ACME: ([-_A-Za-z0-9]{32}).*", "$1");
            byte[] proof = (code + challenge.get("token") + "." + worker.thumbprint()).getBytes(StandardCharsets.US_ASCII);
            String response = Base64.getUrlEncoder().withoutPadding().encodeToString(DeviceId.sha256(proof));
            return Json.write(Map.of("response", response));
        }
    }

    /// The web's: believed without a look (`PEBBLE_VA_ALWAYS_VALID`).
    record Http() implements Kind {
        @Override
        public List<String> name(int number) {
            return List.of("dns", "person" + number + ".example.net");
        }

        @Override
        public String challenge() {
            return "http-01";
        }

        @Override
        public int tag() {
            return GeneralName.dNSName;
        }

        @Override
        public String answer(Worker worker, String name, Map<String, Object> challenge) {
            return "{}";
        }
    }

    private final URI directory;
    private final Kind kind;
    private final HttpClient http;
    private final List<Worker> workers = new ArrayList<>();
    private final AtomicInteger unanswered = new AtomicInteger();

    AcmeLoad(URI directory, Kind kind, HttpClient http) throws Exception {
        this.directory = directory;
        this.kind = kind;
        this.http = http;
        workers(1);
    }

    /// From now on that many at once.
    void workers(int many) throws Exception {
        while (workers.size() < many) workers.add(new Worker());
    }

    /// Takes that many certificates, all workers at once; seconds.
    double take(int certificates) throws Exception {
        return all(certificates, Worker::certificate);
    }

    /// Makes that many orders and leaves them waiting; seconds.
    double leave(int orders) throws Exception {
        return all(orders, Worker::order);
    }

    private interface Task {
        void run(Worker worker) throws Exception;
    }

    private double all(int certificates, Task task) throws Exception {
        var left = new AtomicInteger(certificates);
        long begin = System.nanoTime();
        try (var all = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Void>> tasks = new ArrayList<>();
            for (Worker each : workers)
                tasks.add(() -> {
                    while (left.getAndDecrement() > 0) untilAnswered(task, each);
                    return null;
                });
            for (var done : all.invokeAll(tasks)) done.get();
        }
        return (System.nanoTime() - begin) / 1e9;
    }

    /// How many requests got no answer in time; each was begun anew, and its time counts.
    int unanswered() {
        return unanswered.get();
    }

    private void untilAnswered(Task task, Worker worker) throws Exception {
        for (int left = 3; ; left--)
            try {
                task.run(worker);
                return;
            } catch (HttpTimeoutException e) {
                unanswered.incrementAndGet();
                System.err.println(directory + ": " + e.getMessage() + ": " + worker.asked);
                if (left == 0) throw e;
            }
    }

    final class Worker {
        private final ECKey account;
        private final Map<String, Object> services;
        private Optional<String> kid = Optional.empty();
        private String nonce = "", asked = "";

        Worker() throws Exception {
            KeyPair key = Keys.generate();
            account = new ECKey.Builder(Curve.P_256, (ECPublicKey) key.getPublic())
                    .privateKey((ECPrivateKey) key.getPrivate())
                    .build();
            services = Json.object(get(directory).getBytes(StandardCharsets.UTF_8));
            kid = Optional.of(post(url(services, "newAccount"), "{\"termsOfServiceAgreed\":true}").location);
        }

        String thumbprint() {
            return Jws.thumbprint(account.toPublicJWK());
        }

        private record Answer(String body, String location) {
            Map<String, Object> json() throws Exception {
                return Json.object(body.getBytes(StandardCharsets.UTF_8));
            }
        }

        private static String url(Map<String, Object> json, String name) {
            return String.valueOf(json.get(name));
        }

        void order() throws Exception {
            var _ = order(kind.name(NAMES.incrementAndGet()));
        }

        private Answer order(List<String> name) throws Exception {
            String identifier = Json.write(Map.of("type", name.get(0), "value", name.get(1)));
            return post(url(services, "newOrder"), "{\"identifiers\":[" + identifier + "]}");
        }

        /// One whole issuance.
        void certificate() throws Exception {
            List<String> name = kind.name(NAMES.incrementAndGet());
            Answer order = order(name);
            Map<String, Object> made = order.json();
            String authorization = String.valueOf(((List<?>) made.get("authorizations")).getFirst());
            Map<String, Object> challenge = challenge(post(authorization, "").json());
            post(url(challenge, "url"), kind.answer(this, name.get(1), challenge));
            until(authorization, "valid");
            post(url(made, "finalize"), Json.write(Map.of("csr", base64(request(name.get(1))))));
            Map<String, Object> done = until(order.location, "valid");
            String chain = post(url(done, "certificate"), "").body;
            if (!chain.contains("BEGIN CERTIFICATE")) throw new IOException("no certificate: " + chain);
        }

        private Map<String, Object> challenge(Map<String, Object> authorization) throws IOException {
            for (Object each : (List<?>) authorization.get("challenges"))
                if (each instanceof Map<?, ?> one && kind.challenge().equals(one.get("type"))) {
                    var found = new java.util.HashMap<String, Object>();
                    one.forEach((key, value) -> found.put(String.valueOf(key), value));
                    return found;
                }
            throw new IOException("no " + kind.challenge());
        }

        private Map<String, Object> until(String url, String status) throws Exception {
            long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (System.nanoTime() < end) {
                Map<String, Object> json = post(url, "").json();
                if (status.equals(json.get("status"))) return json;
                if ("invalid".equals(json.get("status"))) throw new IOException("invalid: " + json);
                Thread.sleep(SOON);
            }
            throw new IOException("never " + status + ": " + url);
        }

        private static String base64(byte[] bytes) {
            return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        }

        private byte[] request(String name) throws IOException {
            KeyPair key = Keys.generate();
            var extensions = new ExtensionsGenerator();
            extensions.addExtension(
                    Extension.subjectAlternativeName, true, new GeneralNames(new GeneralName(kind.tag(), name)));
            try {
                return new JcaPKCS10CertificationRequestBuilder(new X500Name(new RDN[0]), key.getPublic())
                        .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
                        .build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate()))
                        .getEncoded();
            } catch (OperatorCreationException e) {
                throw new IOException(e);
            }
        }

        private Answer post(String url, String payload) throws Exception {
            for (int tries = 0; ; tries++) {
                if (nonce.isEmpty()) get(URI.create(url(services, "newNonce")));
                byte[] body = Jws.sign(account, kid, nonce, url, payload);
                nonce = "";
                var answer = send(HttpRequest.newBuilder(URI.create(url))
                        .header("Content-Type", "application/jose+json")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
                if (answer.statusCode() < 300)
                    return new Answer(answer.body(), answer.headers().firstValue("Location").orElse(""));
                if (!answer.body().contains("badNonce") || tries > 5)
                    throw new IOException(url + " answers " + answer.statusCode() + " " + answer.body());
            }
        }

        String get(URI url) throws IOException, InterruptedException {
            return send(HttpRequest.newBuilder(url)).body();
        }

        private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
            var asking = request.timeout(PATIENCE).build();
            asked = asking.method() + " " + asking.uri();
            var answer = http.send(asking, HttpResponse.BodyHandlers.ofString());
            answer.headers().firstValue("Replay-Nonce").ifPresent(fresh -> nonce = fresh);
            return answer;
        }
    }
}
