package dev.starling.ca.log;

import dev.starling.identity.IdentityException;
import dev.starling.identity.log.AddCheckpoint;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.NoteSignature;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// Has the heads of a log cosigned by its witnesses, all at once, and releases them. Whoever waits meanwhile is served
/// by the same round. A witness that does not answer in time holds nobody up: its cosignature is asked for again later,
/// and until then whoever demands it does not believe what came since.
final class Cosigning {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final int MAX_ANSWER = 1024;

    private final Log log;
    private final List<WitnessAt> witnesses;
    private final ReentrantLock round = new ReentrantLock();
    /// What each cosigned last, as far as it told us.
    private final Map<WitnessAt, Long> last = new ConcurrentHashMap<>();

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(PATIENCE)
            .build();

    Cosigning(Log log, List<WitnessAt> witnesses) {
        this.log = log;
        this.witnesses = List.copyOf(witnesses);
    }

    /// Whether a head is one over an entry.
    interface Over {
        boolean is(Checkpoint head) throws IOException;
    }

    /// Releases a head over the entry at `index`.
    void release(long index) throws IOException {
        release(head -> head.head().size() > index);
    }

    /// Releases a head over an entry, unless the one that everybody gets is one.
    ///
    /// @throws IOException also when one that is signed now is none
    void release(Over over) throws IOException {
        round.lock();
        try {
            Optional<Checkpoint> released = log.released();
            if (released.isPresent() && over.is(released.get())) return;
            Checkpoint signed = log.sign();
            if (!over.is(signed))
                throw new IOException("The log in the database does not have an entry that was added just now.");
            log.release(cosigned(signed, witnesses));
        } finally {
            round.unlock();
        }
    }

    /// Asks those whose cosignature the released head lacks.
    void again() throws IOException {
        if (witnesses.isEmpty()) return;
        round.lock();
        try {
            Optional<Checkpoint> released = log.released();
            if (released.isEmpty()) return;
            var missing = witnesses.stream()
                    .filter(each -> !isCosigned(released.get(), each))
                    .toList();
            if (missing.isEmpty()) return;
            Checkpoint now = cosigned(released.get(), missing);
            if (now.note().signatures().size()
                    > released.get().note().signatures().size()) log.release(now);
        } finally {
            round.unlock();
        }
    }

    private static boolean isCosigned(Checkpoint checkpoint, WitnessAt witness) {
        try {
            return checkpoint.cosignedBy(witness.key()).isPresent();
        } catch (IdentityException e) {
            return false;
        }
    }

    private Checkpoint cosigned(Checkpoint head, List<WitnessAt> asked) {
        if (asked.isEmpty()) return head;
        var came = new ConcurrentHashMap<WitnessAt, NoteSignature>();
        var done = new CountDownLatch(asked.size());
        for (WitnessAt each : asked)
            Thread.ofVirtual().name("witness").start(() -> {
                try {
                    came.put(each, ask(each, head));
                } catch (IOException | IdentityException e) {
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "witness " + each.key().name() + " did not cosign: " + e.getMessage());
                } finally {
                    done.countDown();
                }
            });
        try {
            var _ = done.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Checkpoint all = head;
        for (WitnessAt each : asked) {
            NoteSignature signature = came.get(each);
            if (signature != null) all = all.with(signature);
        }
        return all;
    }

    private NoteSignature ask(WitnessAt witness, Checkpoint head) throws IOException, IdentityException {
        long old = Math.min(last.getOrDefault(witness, 0L), head.head().size());
        var answer = post(witness, head, old);
        if (answer.statusCode() == 409 && answer.body().matches("[0-9]{1,16}\n")) {
            old = Long.parseLong(answer.body().strip());
            if (old > head.head().size()) throw new IOException("it knows a head of " + old + " entries");
            answer = post(witness, head, old);
        }
        if (answer.statusCode() != 200) throw new IOException("it answers with " + answer.statusCode());
        if (!answer.body().endsWith("\n")) throw new IOException("its answer is no line");
        var line = NoteSignature.parse(answer.body().substring(0, answer.body().length() - 1));
        if (head.with(line).cosignedBy(witness.key()).isEmpty()) throw new IOException("another key has signed");
        last.put(witness, head.head().size());
        return line;
    }

    private HttpResponse<String> post(WitnessAt witness, Checkpoint head, long old) throws IOException {
        var proof =
                old == 0 ? List.<byte[]>of() : log.consistency(old, head.head().size());
        byte[] body = new AddCheckpoint(old, proof, head).bytes();
        var request = HttpRequest.newBuilder(java.net.URI.create(witness.url() + "/add-checkpoint"))
                .timeout(PATIENCE)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        try {
            return http.send(
                    request,
                    HttpResponse.BodyHandlers.limiting(
                            HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8), MAX_ANSWER));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
