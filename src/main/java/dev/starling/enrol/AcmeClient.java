package dev.starling.enrol;

import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.enrol.EnrolmentException.Reason;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// Signed requests to a CA that may be down, slow or hostile: bounded in time and size, a stale nonce is
/// renewed by itself (RFC 8555, section 6.5), and no URL leads elsewhere than to the CA or over https.
final class AcmeClient implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int MAX_ANSWER = 256 * 1024;
    // Some CAs refuse good ones by chance, so that clients learn to ask again; a handful in a row happens.
    private static final int NONCES = 10;
    private static final Predicate<String> NONCE =
            Pattern.compile("[A-Za-z0-9_-]{1,500}").asMatchPredicate();
    private static final Duration LEAST_WAIT = Duration.ofSeconds(1), LONGEST_WAIT = Duration.ofMinutes(1);

    /// @param location "" when the answer names none
    record Answer(byte[] body, String location) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        Map<String, Object> json() throws EnrolmentException {
            try {
                return Json.object(body);
            } catch (Problem e) {
                throw unintelligible(e.detail());
            }
        }
    }

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .build();
    private final URI directoryUrl;
    private ECKey account;
    private Optional<String> kid;
    private Map<String, Object> directory = Map.of();
    private String nonce = "";
    private Optional<Duration> wait = Optional.empty();

    /// @param kid the account's URL, "" when it has none yet
    AcmeClient(URI directoryUrl, ECKey account, String kid) {
        this.directoryUrl = directoryUrl;
        this.account = account;
        this.kid = kid.isEmpty() ? Optional.empty() : Optional.of(kid);
    }

    ECKey account() {
        return account;
    }

    /// From now on by another account, which is to be registered first.
    void become(ECKey next) {
        account = next;
        kid = Optional.empty();
    }

    /// Registers the account, or finds it again; from then on requests carry its URL.
    ///
    /// @param key by which the CA lets it be made; an account that there is already needs none
    void register(Optional<ExternalKey> key) throws EnrolmentException, Problem {
        kid = Optional.empty();
        String service = service("newAccount");
        var wanted = new HashMap<String, Object>(Map.of("termsOfServiceAgreed", true));
        key.ifPresent(given -> wanted.put("externalAccountBinding", given.binding(account, service)));
        String url;
        try {
            url = post(service, Json.write(wanted)).location();
        } catch (Problem e) {
            if (!e.type().equals("externalAccountRequired")) throw e;
            throw new EnrolmentException(
                    Reason.NEEDS_KEY,
                    "The CA at " + directoryUrl + " makes accounts only for those who got a key from its operator.",
                    e);
        }
        if (url.isEmpty()) throw unintelligible("a new account without a Location");
        kid = Optional.of(url);
    }

    /// POST-as-GET.
    Answer get(String url) throws EnrolmentException, Problem {
        return post(url, "");
    }

    Answer post(String url, String payload) throws EnrolmentException, Problem {
        for (int left = NONCES; ; left--) {
            try {
                return once(url, payload);
            } catch (Problem e) {
                if (!e.type().equals("badNonce") || left <= 1) throw e;
            }
        }
    }

    /// A plain GET, of what needs no account.
    Answer read(String url) throws EnrolmentException, Problem {
        return send(HttpRequest.newBuilder(url(url)).GET());
    }

    /// When the last answer asks to come again (RFC 8555, section 7.5.1), between a second and a minute.
    Optional<Duration> retryAfter() {
        return wait;
    }

    /// RFC 9110, section 10.2.3: seconds, or a date.
    static Optional<Duration> retryAfter(String said, Instant now) {
        try {
            Duration after = said.matches("[0-9]{1,9}")
                    ? Duration.ofSeconds(Long.parseLong(said))
                    : Duration.between(now, Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(said)));
            if (after.compareTo(LEAST_WAIT) < 0) return Optional.of(LEAST_WAIT);
            return Optional.of(after.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : after);
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    String kid() {
        return kid.orElse("");
    }

    private Map<String, Object> directory() throws EnrolmentException, Problem {
        if (directory.isEmpty())
            directory = send(HttpRequest.newBuilder(directoryUrl).GET()).json();
        return directory;
    }

    boolean offers(String name) throws EnrolmentException, Problem {
        return directory().containsKey(name);
    }

    /// The URL of one of the CA's services, from its directory.
    String service(String name) throws EnrolmentException, Problem {
        if (directory().get(name) instanceof String url) return url;
        throw unintelligible("no " + name + " in its directory");
    }

    private Answer once(String url, String payload) throws EnrolmentException, Problem {
        if (nonce.isEmpty())
            send(HttpRequest.newBuilder(url(service("newNonce"))).HEAD());
        if (nonce.isEmpty()) throw unintelligible("no nonce");
        String used = nonce;
        nonce = "";
        byte[] body = Jws.sign(account, kid, used, url, payload);
        return send(HttpRequest.newBuilder(url(url))
                .header("Content-Type", "application/jose+json")
                // For the mail that an order sends.
                .header("Accept-Language", Locale.getDefault().toLanguageTag())
                .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
    }

    private URI url(String text) throws EnrolmentException {
        try {
            URI uri = URI.create(text);
            boolean same = String.valueOf(uri.getScheme()).equals(directoryUrl.getScheme())
                    && String.valueOf(uri.getRawAuthority()).equals(directoryUrl.getRawAuthority());
            if (same || ("https".equals(uri.getScheme()) && uri.getHost() != null)) return uri;
        } catch (IllegalArgumentException e) {
            throw unintelligible("not a URL");
        }
        throw unintelligible("a URL that leads elsewhere");
    }

    private Answer send(HttpRequest.Builder request) throws EnrolmentException, Problem {
        HttpResponse<byte[]> response;
        try {
            response = http.send(
                    request.timeout(PATIENCE).build(),
                    HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MAX_ANSWER));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EnrolmentException(Reason.INTERRUPTED, "Interrupted.", e);
        } catch (IOException e) {
            throw new EnrolmentException(
                    Reason.UNREACHABLE,
                    "The CA at " + directoryUrl + " does not answer. Try again later; it goes on where it was.",
                    e);
        }
        // RFC 8555, section 6.5.1: what is none is ignored.
        nonce = response.headers().firstValue("Replay-Nonce").filter(NONCE).orElse("");
        wait = response.headers().firstValue("Retry-After").flatMap(said -> retryAfter(said, Instant.now()));
        var answer = new Answer(
                response.body(), response.headers().firstValue("Location").orElse(""));
        if (response.statusCode() < 300) return answer;
        if (response.statusCode() < 400) throw unintelligible("a redirection");
        throw problem(response.statusCode(), answer);
    }

    private Problem problem(int status, Answer answer) throws EnrolmentException {
        Map<String, Object> json;
        try {
            json = Json.object(answer.body());
        } catch (Problem e) {
            // Whatever stands in front of the CA.
            if (status < 500) throw unintelligible("an error without a reason, " + status);
            throw new EnrolmentException(
                    Reason.UNREACHABLE,
                    "The CA at " + directoryUrl + " does not work now (" + status + "). Try again later.",
                    e);
        }
        String type = String.valueOf(json.get("type"));
        String detail = json.get("detail") instanceof String text ? text : "The CA answers " + status + ".";
        return new Problem(type.substring(type.lastIndexOf(':') + 1), status, printable(detail));
    }

    /// What a CA says, fit for a terminal.
    static String printable(String text) {
        String clean = text.replaceAll("[\\p{Cntrl}\\u0080-\\u009f\\u200b-\\u200f\\u2028-\\u202e]", " ");
        return clean.length() > 500 ? clean.substring(0, 500) : clean;
    }

    static EnrolmentException unintelligible(String what) {
        return new EnrolmentException(Reason.UNINTELLIGIBLE, "The CA's answer makes no sense: " + what + ".");
    }

    @Override
    public void close() {
        http.close();
    }
}
