package dev.starling.ca.log;

import dev.starling.identity.IdentityException;
import dev.starling.identity.log.AddCheckpoint;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.Merkle;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSignature;
import dev.starling.identity.log.NoteSigner;
import dev.starling.identity.log.TreeHead;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/// Cosigns heads of logs that only grew since it looked last (C2SP tlog-witness). It remembers a head before the
/// cosignature goes out: two heads that exclude each other it never cosigns, whatever dies in between.
public final class Witness {
    /// What a log gets for an answer.
    public sealed interface Answer {}

    public record Cosigned(NoteSignature signature) implements Answer {}

    /// The head that the log thinks was cosigned last is not that one.
    ///
    /// @param size of the head that was
    public record Conflict(long size) implements Answer {}

    /// @param reason `malformed`, `unknown-log`, `not-signed`, `bad-signature`, `smaller-tree` (than the old
    ///     one that it tells itself), `forked` (another head of the size that was cosigned) or `inconsistent`
    public record Refused(String reason) implements Answer {}

    private final NoteSigner key;
    private final Map<String, NoteKey> logs;
    private final WitnessStore store;
    private final Clock clock;

    /// @param key whose kind is WITNESS
    /// @param logs that it knows, each with an origin of its own
    public Witness(NoteSigner key, List<NoteKey> logs, WitnessStore store, Clock clock) {
        if (key.key().kind() != NoteKey.Kind.WITNESS) throw new IllegalArgumentException("not the key of a witness");
        this.key = key;
        this.logs = logs.stream().collect(Collectors.toUnmodifiableMap(NoteKey::name, Function.identity()));
        this.store = store;
        this.clock = clock;
    }

    /// @param request body of `add-checkpoint`
    public Answer add(byte[] request) throws IOException {
        try {
            return add(AddCheckpoint.parse(request));
        } catch (IdentityException e) {
            return new Refused(e.reason());
        }
    }

    private Answer add(AddCheckpoint request) throws IOException, IdentityException {
        Checkpoint fresh = request.checkpoint();
        NoteKey log = logs.get(fresh.origin());
        if (log == null) return new Refused("unknown-log");
        if (!fresh.isSignedBy(log)) return new Refused("not-signed");
        if (request.old() > fresh.head().size()) return new Refused("smaller-tree");
        Optional<byte[]> old = store.latest(fresh.origin());
        TreeHead known = old.isEmpty() ? TreeHead.EMPTY : stored(old.get());
        if (request.old() != known.size()) return new Conflict(known.size());
        if (known.size() == fresh.head().size() && !known.equals(fresh.head())) return new Refused("forked");
        if (!Merkle.isExtended(known, fresh.head(), request.proof())) return new Refused("inconsistent");
        if (!store.replace(fresh.origin(), old, fresh.bytes())) {
            Optional<byte[]> now = store.latest(fresh.origin());
            return new Conflict(now.isEmpty() ? 0 : stored(now.get()).size());
        }
        return new Cosigned(fresh.cosignature(key, clock.instant()));
    }

    private static TreeHead stored(byte[] checkpoint) throws IOException {
        try {
            return Checkpoint.parse(checkpoint).head();
        } catch (IdentityException e) {
            throw new IOException("the witness's store is damaged", e);
        }
    }

    /// @param prefix below which logs send their heads, without a slash at the end
    public void mount(Routes routes, String prefix) {
        mount(routes, prefix, handler -> handler);
    }

    /// @param guard what stands before each answer
    public void mount(Routes routes, String prefix, UnaryOperator<Routes.Handler> guard) {
        routes.on(
                "POST",
                prefix + "/add-checkpoint",
                AddCheckpoint.MAX_BYTES,
                guard.apply(request -> response(add(request.body()))));
    }

    private static Response response(Answer answer) {
        return switch (answer) {
            case Cosigned(NoteSignature signature) -> text(200, "text/plain; charset=utf-8", signature.line());
            case Conflict(long size) -> text(409, "text/x.tlog.size", size + "\n");
            case Refused(String reason) -> Response.problem(status(reason), reason);
        };
    }

    private static int status(String reason) {
        return switch (reason) {
            case "unknown-log" -> 404;
            case "not-signed", "bad-signature" -> 403;
            case "forked" -> 409;
            case "inconsistent" -> 422;
            default -> 400;
        };
    }

    private static Response text(int status, String type, String text) {
        return Response.of(status, type, text.getBytes(StandardCharsets.UTF_8));
    }
}
