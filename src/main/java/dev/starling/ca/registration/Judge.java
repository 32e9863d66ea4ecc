package dev.starling.ca.registration;

import dev.starling.acme.Problem;
import dev.starling.ca.store.AuditTable;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Bells.Bell;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Challenge;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Receipt;
import dev.starling.ca.store.Session;
import dev.starling.ca.validation.MailCode;
import dev.starling.ca.validation.ProofKey;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import java.io.IOException;
import java.time.Clock;
import java.util.HexFormat;

/// Says whether a code came back from the mailbox, and signs that it did: the one who can, because he knows the codes.
public final class Judge {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    private static final int MAX_TRIES = 5, A_LOOK = 100;

    private final CaStore store;
    private static final Fault EARLY =
            new Fault("serverInternal", "The clocks of this CA differ. Send the code again in a moment.");

    private final ProofKey key;
    private final Clock clock;

    public Judge(CaStore store, ProofKey key, Clock clock) {
        this.store = store;
        this.key = key;
        this.clock = clock;
    }

    String code(Authorization authorization) {
        return key.code(authorization.id(), authorization.value());
    }

    /// @param thumbprint of the account's key (RFC 7638)
    void answer(Challenge asked, String thumbprint, String response) throws Problem, IOException {
        refuse(store.in(session -> answered(session, asked.id(), thumbprint, response)));
    }

    /// By the code itself; only for whoever has no account.
    ///
    /// @param csr for which alone the proof counts, DER
    void answer(Challenge asked, String code, byte[] csr) throws Problem, IOException {
        String holder = Receipt.ofRequest(HexFormat.of().formatHex(DeviceId.sha256(csr)));
        refuse(store.in(session -> judged(session, asked.id(), holder, (right, _) -> MailCode.isCode(right, code))));
    }

    private static void refuse(String wrong) throws Problem {
        if (!wrong.isEmpty()) throw new Problem("incorrectResponse", 403, wrong);
    }

    private String answered(Session session, String challenge, String thumbprint, String response) {
        return judged(
                session,
                challenge,
                Receipt.ofAccount(thumbprint),
                (code, token) -> MailCode.fits(code, token, thumbprint, response));
    }

    /// Judges what waits for it: the answer to one challenge, or all.
    ///
    /// @param challenge its id; "" for all
    public void look(String challenge) throws IOException {
        var waiting = challenge.isEmpty()
                ? store.in(session -> session.answers().waiting(A_LOOK))
                : java.util.List.of(challenge);
        for (String each : waiting) {
            try {
                store.change(session -> judge(session, each));
            } catch (IOException | RuntimeException e) {
                // Others can write what is read here; one that makes no sense must hold up no other.
                LOG.log(System.Logger.Level.ERROR, "judging an answer", e);
            }
        }
    }

    private void judge(Session session, String challenge) {
        var table = session.authorizations();
        // The authorization first, as whoever stores an answer has it; the other way round two wait for each other.
        boolean isEarly = table.challenge(challenge)
                .flatMap(each -> table.held(each.authorization()))
                .filter(each -> each.status() == Authorization.Status.PENDING && each.isEarly(now()))
                .isPresent();
        session.answers().take(challenge).ifPresent(answer -> {
            if (isEarly) returned(session, challenge);
            else {
                String _ = answered(session, answer.challenge(), answer.thumbprint(), answer.response());
            }
            session.ring(Bell.JUDGED, challenge);
        });
    }

    // The front's clock is ahead of ours: it was not judged, and may be sent again.
    private static void returned(Session session, String challenge) {
        Challenge asked = session.authorizations().challenge(challenge).orElseThrow();
        session.authorizations().challenge(challenge, Challenge.Status.PENDING, asked.tries(), EARLY);
    }

    private interface Rule {
        boolean isRight(String code, String token);
    }

    /// Why it is wrong; "" when it is right, or no longer asked for.
    private String judged(Session session, String asked, String holder, Rule rule) {
        var table = session.authorizations();
        var challenge = table.challenge(asked).orElseThrow();
        // Held, so that answers that come at once cost a try each.
        var authorization = table.held(challenge.authorization()).orElseThrow();
        challenge = table.challenge(asked).orElseThrow();
        boolean isCode = challenge.type().equals(Authorizations.CODE);
        // Whoever else writes into the store has nothing proven that is no mailbox.
        if (!Address.isMailbox(authorization.value())) return "";
        if (!isCode || authorization.status() != Authorization.Status.PENDING || authorization.isOver(now())) return "";
        if (rule.isRight(code(authorization), challenge.token())) {
            seal(session, authorization, Authorizations.CODE, holder, "");
            proven(session, authorization, challenge, now());
            return "";
        }
        int tries = challenge.tries() + 1;
        boolean last = tries >= MAX_TRIES;
        String why = last ? "Too many wrong codes. Ask for a new one." : "This is not the code from the mail.";
        var fault = new Fault("incorrectResponse", why);
        table.challenge(challenge.id(), Challenge.Status.PENDING, tries, fault);
        if (last) table.end(authorization.id(), Authorization.Status.INVALID, fault);
        return why;
    }

    /// Signs that the mailbox was proven.
    ///
    /// @param evidence as in [Receipt]
    void seal(Session session, Authorization proven, String way, String holder, String evidence) {
        if (!Address.isMailbox(proven.value())) throw new IllegalStateException("no mailbox can be proven so");
        session.receipts()
                .put(key.sign(new Receipt(proven.id(), proven.value(), way, holder, now(), evidence, new byte[0])));
    }

    static void proven(Session session, Authorization authorization, Challenge by, long now) {
        session.authorizations().proven(by, now, now + Authorizations.PROOF.toSeconds());
        session.mails().done(authorization.id());
        String way = session.receipts().of(authorization.id()).map(Receipt::way).orElse(by.type());
        session.audit()
                .add(new AuditTable.Entry(
                        now, "proven", authorization.value(), way + " account " + authorization.account()));
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }
}
