package dev.starling.enrol;

import com.nimbusds.jose.util.Base64URL;
import dev.starling.acme.Json;
import dev.starling.acme.Problem;
import dev.starling.enrol.EnrolmentException.Reason;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The user's side of RFC 8555: an order for one address, proven by the code from the mail (`email-code-00`),
/// and the certificate in a file. What is under way survives an interruption; what the CA gives is believed
/// only after a look at it.
public final class Enrolment {
    private static final int POLLS = 15;
    private static final Duration POLL = Duration.ofSeconds(2);
    private static final int MAX_ROUNDS = 10;

    /// Gets the code from a person.
    public interface CodeSource {
        /// The code in whatever form it was pasted; empty when there will be none.
        ///
        /// @param note what the person should know first, for example that the last code was wrong; "" for
        /// nothing
        Optional<String> code(Address address, String note) throws IOException;
    }

    private final URI directory;
    private final CertificateVerifier verifier;
    private final Clock clock;
    private final Duration poll;

    public Enrolment(URI directory, CertificateVerifier verifier, Clock clock) {
        this(directory, verifier, clock, POLL);
    }

    Enrolment(URI directory, CertificateVerifier verifier, Clock clock, Duration poll) {
        this.directory = directory;
        this.verifier = verifier;
        this.clock = clock;
        this.poll = poll;
    }

    /// Whether a certificate has lived two thirds of its life.
    public static boolean isDue(X509Certificate leaf, Instant now) {
        Instant from = leaf.getNotBefore().toInstant(), end = leaf.getNotAfter().toInstant();
        return now.isAfter(from.plus(Duration.between(from, end).multipliedBy(2).dividedBy(3)));
    }

    /// Gets a certificate and writes it with its key to `file`. With a key in `file` already, that is the
    /// key: a renewal. Goes on with what an earlier call began.
    public Keys.Held enrol(Address address, Path file, CodeSource codes) throws EnrolmentException, IOException {
        Path pendingFile = Pending.file(file);
        KeyPair device = deviceKey(file);
        var pending = Pending.load(pendingFile, directory, address.text())
                .filter(p -> !Files.exists(file) || p.device().getPublic().equals(device.getPublic()))
                .orElseGet(() -> Pending.begin(directory, address.text(), device));
        // Before the CA hears of it: a key that was certified must not be lost.
        pending.save(pendingFile);
        try (var acme = new AcmeClient(directory, pending.account(), pending.kid())) {
            var held = new Keys.Held(pending.device().getPrivate(), run(acme, pending, pendingFile, address, codes));
            Keys.save(file, held);
            Files.deleteIfExists(pendingFile);
            var _ = new LogProofs(verifier, clock).of(file, held.chain());
            return held;
        } catch (Problem e) {
            if (isOver(e)) Files.deleteIfExists(pendingFile);
            throw new EnrolmentException(Reason.REFUSED, e.detail(), e);
        } catch (EnrolmentException e) {
            boolean passes = e.reason() == Reason.UNREACHABLE || e.reason() == Reason.INTERRUPTED;
            if (!passes) Files.deleteIfExists(pendingFile);
            throw e;
        }
    }

    // What may pass by itself keeps the enrolment.
    private static boolean isOver(Problem e) {
        return e.status() < 500 && e.status() != 429;
    }

    private static KeyPair deviceKey(Path file) throws IOException {
        if (!Files.exists(file)) return Keys.generate();
        Keys.Held held = Keys.load(file);
        return new KeyPair(held.publicKey(), held.key());
    }

    private List<X509Certificate> run(
            AcmeClient acme, Pending begun, Path pendingFile, Address address, CodeSource codes)
            throws EnrolmentException, Problem, IOException {
        var pending = begun;
        Optional<Map<String, Object>> order = known(acme, pending);
        if (order.isEmpty()) {
            String kid = acme.register();
            var made = acme.post(
                    acme.service("newOrder"),
                    Json.write(Map.of("identifiers", List.of(Map.of("type", "email", "value", address.text())))));
            pending = pending.with(kid, made.location());
            pending.save(pendingFile);
            order = Optional.of(made.json());
        }
        return certificates(acme, finished(acme, pending, order.get(), address, codes), pending.device(), address);
    }

    /// The order of an earlier call, unless it is over.
    private static Optional<Map<String, Object>> known(AcmeClient acme, Pending pending) throws EnrolmentException {
        if (pending.order().isEmpty()) return Optional.empty();
        try {
            var order = acme.get(pending.order()).json();
            return Said.status(order).equals("invalid") ? Optional.empty() : Optional.of(order);
        } catch (Problem e) {
            if (!isOver(e)) throw new EnrolmentException(Reason.UNREACHABLE, e.detail(), e);
            return Optional.empty();
        }
    }

    /// Leads the order from wherever it is to `valid`.
    private Map<String, Object> finished(
            AcmeClient acme, Pending pending, Map<String, Object> begun, Address address, CodeSource codes)
            throws EnrolmentException, Problem, IOException {
        var order = begun;
        int polls = POLLS;
        for (int round = 0; round < MAX_ROUNDS + POLLS; round++) {
            switch (Said.status(order)) {
                case "pending" -> prove(acme, Said.first(order, "authorizations"), address, codes);
                case "ready" -> {
                    String csr =
                            Base64URL.encode(Csr.of(address, pending.device())).toString();
                    acme.post(Said.text(order.get("finalize")), Json.write(Map.of("csr", csr)));
                }
                case "processing" -> {
                    if (polls-- == 0) throw new EnrolmentException(Reason.UNREACHABLE, "The CA takes too long.");
                    pause();
                }
                case "valid" -> {
                    return order;
                }
                default -> throw new EnrolmentException(Reason.REFUSED, Said.error(order, "The order has failed."));
            }
            order = acme.get(pending.order()).json();
        }
        throw new EnrolmentException(Reason.REFUSED, "The CA does not come to an end.");
    }

    private void prove(AcmeClient acme, String authorization, Address address, CodeSource codes)
            throws EnrolmentException, Problem, IOException {
        String note = "";
        for (int polls = 0; polls < POLLS; ) {
            Map<String, Object> challenge = challenge(acme.get(authorization).json());
            if (Said.status(challenge).equals("valid")) return;
            if (Said.status(challenge).equals("invalid"))
                throw new EnrolmentException(Reason.REFUSED, Said.error(challenge, "The address was not proven."));
            if (Said.status(challenge).equals("processing")) {
                polls++;
                pause();
                continue;
            }
            note = note.isEmpty() ? Said.error(challenge, "") : note;
            String pasted = codes.code(address, note)
                    .orElseThrow(() -> new EnrolmentException(
                            Reason.INTERRUPTED, "No code was given. Run it again to go on; the mail stays good."));
            var code = MailCode.in(pasted);
            note = code.isEmpty()
                    ? "There is no code in that; it has 32 letters and digits."
                    : answer(acme, challenge, code.get());
        }
        throw new EnrolmentException(Reason.UNREACHABLE, "The CA takes too long to check the code.");
    }

    /// What to tell the person before the next try; "" when it was right.
    private static String answer(AcmeClient acme, Map<String, Object> challenge, String code)
            throws EnrolmentException, Problem {
        String response = MailCode.response(code, Said.text(challenge.get("token")), acme.account());
        try {
            acme.post(Said.text(challenge.get("url")), Json.write(Map.of("response", response)));
            return "";
        } catch (Problem e) {
            if (e.type().equals("incorrectResponse")) return e.detail();
            throw e;
        }
    }

    private List<X509Certificate> certificates(
            AcmeClient acme, Map<String, Object> order, KeyPair device, Address address)
            throws EnrolmentException, Problem {
        var chain = Said.chain(acme.get(Said.text(order.get("certificate"))).text());
        try {
            var verified = verifier.verify(chain.stream().map(Keys::encoded).toList(), address, clock.instant());
            if (!verified.device().equals(DeviceId.ofKey(device.getPublic().getEncoded())))
                throw notGenuine("it is for another key", "wrong-device");
            return chain;
        } catch (IdentityException e) {
            throw switch (e.reason()) {
                case "wrong-name" -> notGenuine("it is for another address", e.reason());
                case "unknown-anchor", "bad-signature" ->
                    notGenuine("it is not from a CA that you believe", e.reason());
                case "test-certificate" -> notGenuine("it is from a test CA", e.reason());
                default -> notGenuine("it is not in order", e.reason());
            };
        }
    }

    private static EnrolmentException notGenuine(String why, String reason) {
        return new EnrolmentException(
                Reason.NOT_GENUINE,
                "The CA's certificate is refused: " + why + " (" + reason + "). Nothing was saved.");
    }

    private static Map<String, Object> challenge(Map<String, Object> authorization) throws EnrolmentException {
        return Said.challenge(authorization, "email-code-00")
                .orElseThrow(() -> new EnrolmentException(Reason.REFUSED, "This CA does not offer a code by mail."));
    }

    private void pause() throws EnrolmentException {
        try {
            Thread.sleep(poll);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EnrolmentException(Reason.INTERRUPTED, "Interrupted.", e);
        }
    }
}
