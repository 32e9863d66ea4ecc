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
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/// The user's side of RFC 8555: an order for one address, proven by the code from the mail (`email-code-00`)
/// or by an answer to it (`email-reply-00`),
/// and the certificate in a file. What is under way survives an interruption; what the CA gives is believed
/// only after a look at it.
public final class Enrolment {
    private static final int POLLS = 15;
    private static final Duration POLL = Duration.ofSeconds(2);
    private static final int MAX_ROUNDS = 10;
    private static final Set<Reason> GOES_ON = Set.of(Reason.UNREACHABLE, Reason.INTERRUPTED, Reason.MAIL_SERVER);

    /// Gets the code from a person.
    public interface CodeSource {
        /// The code in whatever form it was pasted; empty when there will be none.
        ///
        /// @param note what the person should know first, for example that the last code was wrong; "" for
        /// nothing
        Optional<String> code(Address address, String note) throws IOException;
    }

    /// How the address is proven.
    private interface Way {
        void prove(AcmeClient acme, String authorization) throws EnrolmentException, Problem, IOException;
    }

    /// One call.
    private record Task(AcmeClient acme, Path file, Address address, Way way) {}

    private Beside beside(Path file, Address address) {
        return new Beside(file, directory, address.text());
    }

    private final URI directory;
    private final CertificateVerifier verifier;
    private final Clock clock;
    private final Duration poll;
    private final Optional<ExternalKey> key;

    public Enrolment(URI directory, CertificateVerifier verifier, Clock clock) {
        this(directory, verifier, clock, POLL);
    }

    Enrolment(URI directory, CertificateVerifier verifier, Clock clock, Duration poll) {
        this(directory, verifier, clock, poll, Optional.empty());
    }

    private Enrolment(
            URI directory, CertificateVerifier verifier, Clock clock, Duration poll, Optional<ExternalKey> key) {
        this.directory = directory;
        this.verifier = verifier;
        this.clock = clock;
        this.poll = poll;
        this.key = key;
    }

    /// The same at a CA that makes accounts only for those to whom it gave a key.
    public Enrolment by(ExternalKey given) {
        return new Enrolment(directory, verifier, clock, poll, Optional.of(given));
    }

    /// Whether a certificate has lived two thirds of its life.
    public static boolean isDue(X509Certificate leaf, Instant now) {
        Instant from = leaf.getNotBefore().toInstant(), end = leaf.getNotAfter().toInstant();
        return now.isAfter(from.plus(Duration.between(from, end).multipliedBy(2).dividedBy(3)));
    }

    /// Gets a certificate and writes it with its key to `file`. With a key in `file` already, that is the
    /// key: a renewal. Goes on with what an earlier call began.
    public Keys.Held enrol(Address address, Path file, CodeSource codes) throws EnrolmentException, IOException {
        return prove(address, file, (acme, authorization) -> prove(acme, authorization, address, codes));
    }

    /// The same, but the address is proven by answering the CA's mail.
    public Keys.Held enrol(Address address, Path file, ReplyByMail reply) throws EnrolmentException, IOException {
        var answered = Answered.load(beside(file, address));
        return prove(address, file, (acme, authorization) -> reply.prove(acme, authorization, address, answered));
    }

    private Keys.Held prove(Address address, Path file, Way way) throws EnrolmentException, IOException {
        var beside = beside(file, address);
        KeyPair device = deviceKey(file, address);
        var begun = KeptAccount.begin(file, directory, address.text(), device);
        var pending = Pending.load(beside)
                .filter(p -> !Files.exists(file) || p.device().getPublic().equals(device.getPublic()))
                .orElse(begun);
        // Before the CA hears of it: a key that was certified must not be lost.
        pending.save(file);
        try (var acme = new AcmeClient(directory, pending.account(), pending.kid())) {
            var held = new Keys.Held(pending.device().getPrivate(), run(new Task(acme, file, address, way), pending));
            Keys.save(file, held);
            keep(acme, address, file);
            isDone(beside);
            var _ = new LogProofs(verifier, clock).of(file, held.chain());
            return held;
        } catch (Problem e) {
            if (isOver(e)) giveUp(file, address);
            throw new EnrolmentException(Reason.REFUSED, e.detail(), e);
        } catch (EnrolmentException e) {
            // Of what is not genuine there is nothing to be had by asking again.
            if (e.reason() == Reason.NOT_GENUINE) isDone(beside);
            else if (!GOES_ON.contains(e.reason())) giveUp(file, address);
            throw e;
        }
    }

    /// The next attempt orders anew. A key that the CA was asked to certify stays, with its account: the certificate
    /// may be there, or be made yet, whatever was answered to this request.
    private void giveUp(Path file, Address address) throws IOException {
        var asked = Pending.load(beside(file, address)).filter(Pending::finalized);
        if (asked.isEmpty()) isDone(beside(file, address));
        else {
            asked.get().with(asked.get().kid(), "").save(file);
            Answered.forget(beside(file, address));
        }
    }

    /// Nothing goes on after this.
    private static void isDone(Beside beside) throws IOException {
        Pending.forget(beside);
        Answered.forget(beside);
    }

    /// What the next renewal needs; without it that needs a mail.
    private void keep(AcmeClient acme, Address address, Path file) throws EnrolmentException, IOException {
        var pending = Pending.load(beside(file, address));
        if (pending.isEmpty()) return;
        Instant until = Instant.EPOCH;
        try {
            var order = acme.get(pending.get().order()).json();
            var authorization = acme.get(Said.first(order, "authorizations")).json();
            if (Said.status(authorization).equals("valid"))
                until = Instant.parse(Said.text(authorization.get("expires")));
        } catch (Problem | EnrolmentException | DateTimeException e) {
            until = Instant.EPOCH;
        }
        new KeptAccount(directory, address.text(), acme.account(), acme.kid(), until).save(file);
    }

    /// Renews without anybody's doing while the proof of the address is good; false when it is not, or not known to be.
    /// No mail goes out then.
    ///
    /// @param file of key and certificate
    public static boolean renewQuietly(Address address, Path file, CertificateVerifier verifier, Clock clock)
            throws EnrolmentException, IOException {
        var kept = KeptAccount.load(file).filter(each -> each.address().equals(address.text()));
        if (kept.isEmpty() || !clock.instant().isBefore(kept.get().until())) return false;
        new Enrolment(kept.get().directory(), verifier, clock).enrol(address, file, (_, _) -> Optional.empty());
        return true;
    }

    /// Whether it is time to renew: as the CA says (RFC 9773), or else after two thirds of its life.
    public boolean isDue(X509Certificate leaf) {
        Instant now = clock.instant();
        return renewalInfo(leaf)
                .map(info -> info.isDue(now, new SplittableRandom()))
                .orElseGet(() -> isDue(leaf, now));
    }

    /// What the CA says of when to renew; empty when it does not say, or does not answer.
    public Optional<RenewalInfo> renewalInfo(X509Certificate leaf) {
        var name = RenewalInfo.name(leaf);
        if (name.isEmpty()) return Optional.empty();
        try (var acme = new AcmeClient(directory, Pending.newAccount(), "")) {
            return RenewalInfo.of(
                    acme.read(acme.service("renewalInfo") + "/" + name.get()).body());
        } catch (Problem | EnrolmentException e) {
            return Optional.empty();
        }
    }

    // What may pass by itself keeps the enrolment.
    private static boolean isOver(Problem e) {
        return e.status() < 500 && e.status() != 429;
    }

    // One that goes on elsewhere for this file keeps its key: whatever comes first, the other one is for the same.
    private static KeyPair deviceKey(Path file, Address address) throws IOException {
        if (!Files.exists(file)) {
            Optional<KeyPair> begun = Pending.device(file, address.text());
            return begun.isPresent() ? begun.get() : Keys.generate();
        }
        Keys.Held held = Keys.load(file);
        return new KeyPair(held.publicKey(), held.key());
    }

    private List<X509Certificate> run(Task task, Pending begun) throws EnrolmentException, Problem, IOException {
        var acme = task.acme();
        var pending = begun;
        Optional<Map<String, Object>> order = known(acme, pending);
        if (order.isEmpty()) {
            pending = registered(task, pending);
            if (key.isPresent()) keepBound(acme, task.file(), task.address());
            var made = acme.post(
                    acme.service("newOrder"),
                    Json.write(Map.of(
                            "identifiers",
                            List.of(Map.of(
                                    "type", "email", "value", task.address().text())))));
            pending = pending.with(acme.kid(), made.location());
            pending.save(task.file());
            order = Optional.of(made.json());
        }
        return certificates(acme, finished(task, pending, order.get()), pending.device(), task.address());
    }

    /// By the account that there is; by a new one, where the CA has ended that.
    private Pending registered(Task task, Pending pending) throws EnrolmentException, Problem, IOException {
        try {
            task.acme().register(key);
            return pending;
        } catch (Problem e) {
            boolean isEnded = !pending.kid().isEmpty() && e.type().equals("unauthorized");
            if (!isEnded) throw e;
        }
        var next = pending.by(Pending.newAccount());
        next.save(task.file());
        task.acme().become(next.account());
        // Where accounts need a key and none is given, the CA says so.
        task.acme().register(key);
        return next;
    }

    /// An account that took a key is not lost with an order that fails.
    private void keepBound(AcmeClient acme, Path file, Address address) throws IOException {
        new KeptAccount(directory, address.text(), acme.account(), acme.kid(), Instant.EPOCH).saveBound(file);
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
    private Map<String, Object> finished(Task task, Pending pending, Map<String, Object> begun)
            throws EnrolmentException, Problem, IOException {
        var acme = task.acme();
        var order = begun;
        var notReady = Optional.<Problem>empty();
        int polls = POLLS;
        for (int round = 0; round < MAX_ROUNDS + POLLS; round++) {
            switch (Said.status(order)) {
                case "pending" -> task.way().prove(acme, Said.first(order, "authorizations"));
                case "ready" -> {
                    // It was said not to be so, and nothing has come of it since.
                    if (notReady.isPresent()) throw notReady.get();
                    notReady = certify(task, pending, order);
                }
                case "processing" -> {
                    if (polls-- == 0) throw new EnrolmentException(Reason.UNREACHABLE, "The CA takes too long.");
                    pause(acme);
                }
                case "valid" -> {
                    return order;
                }
                default -> {
                    // Nothing was certified by it, and nothing will be.
                    isDone(beside(task.file(), task.address()));
                    throw new EnrolmentException(Reason.REFUSED, Said.error(order, "The order has failed."));
                }
            }
            order = acme.get(pending.order()).json();
        }
        throw new EnrolmentException(Reason.REFUSED, "The CA does not come to an end.");
    }

    /// Asks for the certificate; says why not, where the order is not ready (RFC 8555, section 7.4): then an earlier
    /// request, whose answer did not arrive, was taken, and the order tells how it goes on.
    private static Optional<Problem> certify(Task task, Pending pending, Map<String, Object> order)
            throws EnrolmentException, Problem, IOException {
        String csr = Base64URL.encode(Csr.of(task.address(), pending.device())).toString();
        String url = Said.text(order.get("finalize"));
        pending.asFinalized().save(task.file());
        try {
            task.acme().post(url, Json.write(Map.of("csr", csr)));
            return Optional.empty();
        } catch (Problem e) {
            if (!e.type().equals("orderNotReady")) throw e;
            return Optional.of(e);
        }
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
                pause(acme);
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

    private void pause(AcmeClient acme) throws EnrolmentException {
        try {
            Thread.sleep(acme.retryAfter().orElse(poll));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EnrolmentException(Reason.INTERRUPTED, "Interrupted.", e);
        }
    }
}
