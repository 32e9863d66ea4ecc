package dev.starling.cli;

import dev.starling.ca.log.Witness;
import dev.starling.identity.Anchor;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSigner;
import dev.starling.web.RateLimit;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.io.IOException;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/// This server as a witness of the logs that its anchors name (docs/protocols/log.md, section 7): it cosigns the heads
/// that continue what it cosigned before.
final class PeerWitness {
    static final String PREFIX = "/witness";
    /// Requests a minute of one network: a log asks once for each head, and again after a conflict.
    private static final int RATE = 120, BURST = 60;

    private PeerWitness() {}

    /// @return its key; empty when no log is known
    static Optional<NoteKey> open(
            Peer.Config config, String id, List<Anchor> anchors, Routes routes, Parts parts, Clock clock)
            throws IOException {
        var logs = new LinkedHashMap<String, NoteKey>();
        for (Anchor each : anchors)
            each.log()
                    .ifPresent(log -> logs.putIfAbsent(
                            log.policy().log().name(), log.policy().log()));
        if (logs.isEmpty()) return Optional.empty();
        byte[] seed = PeerKey.secret(config.data().resolve("witness.seed"));
        // A name that stays wherever the server moves: one key must not serve two.
        var key = NoteSigner.of(id + ".peer.starling.invalid/witness", NoteKey.Kind.WITNESS, seed);
        var book = parts.with(new WitnessBook(config.data().resolve("witness.db")));
        var limit = new RateLimit(config.local() ? 60_000 : RATE, config.local() ? 10_000 : BURST, clock);
        new Witness(key, List.copyOf(logs.values()), book, clock)
                .mount(
                        routes,
                        PREFIX,
                        handler -> request -> limit.allows(request.remote())
                                ? handler.handle(request)
                                : Response.problem(429, "Too many heads from your network.")
                                        .with("retry-after", "30"));
        return Optional.of(key.key());
    }
}
