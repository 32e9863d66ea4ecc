package dev.starling.ca.registration;

import dev.starling.acme.Problem;
import dev.starling.ca.store.AnswerTable;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Bells.Bell;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Challenge;
import dev.starling.ca.store.Session;
import java.io.IOException;
import java.time.Duration;

/// Answers to challenges in a process that cannot judge them, because it does not know the codes: they are stored, and
/// whoever does is woken.
final class AnswersElsewhere {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    // A right one has 43 characters; a longer one is as wrong when it is cut off.
    private static final int MOST = 64;

    private final CaStore store;

    AnswersElsewhere(CaStore store) {
        this.store = store;
    }

    /// Returns when it was judged, or after five seconds: then the challenge is `processing`.
    void answer(Challenge asked, String thumbprint, String response, long now) throws Problem, IOException {
        String cut = response.substring(0, Math.min(MOST, response.length()));
        try (var judged = store.bells().awaiting(Bell.JUDGED, asked.id())) {
            if (!store.<Boolean>in(
                    session -> hand(session, asked, new AnswerTable.Answer(asked.id(), cut, thumbprint), now))) return;
            judged.await(PATIENCE);
        }
        Challenge after = store.in(
                session -> session.authorizations().challenge(asked.id()).orElseThrow());
        boolean unjudged = after.status() == Challenge.Status.PENDING
                && after.error().type().equals("serverInternal");
        if ((after.tries() > asked.tries() || unjudged) && !after.error().isNone())
            throw new Problem(after.error().type(), 403, after.error().detail());
    }

    private static boolean hand(Session session, Challenge asked, AnswerTable.Answer answer, long time) {
        var table = session.authorizations();
        Authorization held = table.held(asked.authorization()).orElseThrow();
        if (held.status() != Authorization.Status.PENDING || held.isOver(time)) return false;
        // What was read before may be older than a try that was judged since.
        Challenge now = table.challenge(asked.id()).orElseThrow();
        session.answers().put(answer);
        table.challenge(now.id(), Challenge.Status.PROCESSING, now.tries(), now.error());
        session.ring(Bell.ANSWER, asked.id());
        return true;
    }
}
