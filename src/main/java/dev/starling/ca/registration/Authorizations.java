package dev.starling.ca.registration;

import dev.starling.acme.Problem;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Challenge;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Session;
import dev.starling.ca.validation.MailCode;
import dev.starling.identity.Address;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// How an account proves a mailbox, and what that is good for: one mail, answered in one of the ways that its
/// challenges name. A proof is good for 90 days.
public final class Authorizations {
    public static final String CODE = "email-code-00", REPLY = "email-reply-00";
    /// How a reply proved it that a certificate vouches for, and not its domain: in receipts, not of challenges.
    public static final String REPLY_SMIME = "email-reply-00 smime";
    static final Duration PROOF = Duration.ofDays(90);
    private static final Duration OPEN = Duration.ofDays(1);
    private static final SecureRandom RANDOM = new SecureRandom();

    private final CaStore store;
    private final Limits limits;
    private final Silence silence;
    private final List<String> ways;
    private final Optional<Judge> judge;
    private final Clock clock;

    /// @param ways the types of challenges that are offered
    /// @param judge empty: in another process
    public Authorizations(
            CaStore store, Limits limits, Silence silence, List<String> ways, Optional<Judge> judge, Clock clock) {
        this.store = store;
        this.limits = limits;
        this.silence = silence;
        this.ways = List.copyOf(ways);
        this.judge = judge;
        this.clock = clock;
    }

    Limits limits() {
        return limits;
    }

    /// Whether a mail would be sent now, for want of a proof that is still good; refused if it may not be.
    boolean wouldMail(Session session, Orders.Asking asking, Address address, Predicate<Authorization> counts)
            throws Problem {
        long now = now();
        String account = asking.account();
        if (session.authorizations().of(account, "email", address.text()).stream()
                .anyMatch(each -> each.isGood(now) && counts.test(each))) return false;
        silence.check(session, address.text());
        limits.check(session.mails(), address.text(), account, asking.network(), now);
        return true;
    }

    /// The account's proof for the address, if it is still good; or a new one to be made, with its mail. The account's
    /// older open one for the address ends, so that the newest mail is the one that counts.
    ///
    /// @param counts which of its good proofs whoever issues will take
    Authorization forOrder(Session session, Orders.Asking asking, Address address, Predicate<Authorization> counts)
            throws Problem {
        long now = now();
        String account = asking.account();
        var table = session.authorizations();
        for (var each : table.of(account, "email", address.text()))
            if (each.isGood(now) && counts.test(each)) return each;
        silence.check(session, address.text());
        session.mails().alone();
        limits.check(session.mails(), address.text(), account, asking.network(), now);
        for (var each : table.of(account, "email", address.text())) {
            if (each.status() != Authorization.Status.PENDING) continue;
            // Its code may be judged at this moment.
            var held = table.held(each.id()).orElseThrow();
            if (held.isGood(now) && counts.test(held)) return held;
            if (held.status() == Authorization.Status.PENDING)
                table.end(
                        held.id(),
                        Authorization.Status.INVALID,
                        new Fault("unauthorized", "A newer mail was asked for."));
        }
        var made = new Authorization(
                Ids.random(),
                account,
                "email",
                address.text(),
                Authorization.Status.PENDING,
                now,
                now + OPEN.toSeconds(),
                0,
                "",
                Fault.NONE);
        table.add(made);
        for (String way : ways)
            table.add(new Challenge(
                    Ids.random(), made.id(), way, MailCode.make(RANDOM), Challenge.Status.PENDING, 0, 0, Fault.NONE));
        session.mails().add(made, asking.network(), asking.language());
        return made;
    }

    /// Only its own account sees it.
    public Authorization authorization(String id, String account) throws Problem, IOException {
        return own(
                store.whole(session -> session.authorizations()
                        .byId(id)
                        .orElseThrow(() -> new Problem("malformed", 404, "No such authorization."))),
                account);
    }

    private static Authorization own(Authorization authorization, String account) throws Problem {
        if (!authorization.account().equals(account))
            throw new Problem("unauthorized", 403, "This authorization belongs to another account.");
        return authorization;
    }

    public List<Challenge> challenges(Authorization authorization) throws IOException {
        return store.in(session -> session.authorizations().challenges(authorization.id()));
    }

    /// Only its own account sees it.
    public Challenge challenge(String id, String account) throws Problem, IOException {
        var challenge = store.whole(session -> session.authorizations()
                .challenge(id)
                .orElseThrow(() -> new Problem("malformed", 404, "No such challenge.")));
        authorization(challenge.authorization(), account);
        return challenge;
    }

    /// The code from the mail. A wrong one costs a try; the last one costs the authorization. One that is proven or
    /// over is left as it is.
    ///
    /// @param thumbprint of the account's key (RFC 7638)
    public void answer(Challenge asked, String thumbprint, String response) throws Problem, IOException {
        if (judge.isPresent()) judge.get().answer(asked, thumbprint, response);
        else new AnswersElsewhere(store).answer(asked, thumbprint, response, now());
    }

    /// As the other one, by the code itself; only for whoever has no account.
    ///
    /// @param csr for which alone the proof counts, DER
    void answer(Challenge asked, String code, byte[] csr) throws Problem, IOException {
        checkJudgesCodes();
        judge.orElseThrow().answer(asked, code, csr);
    }

    /// Refuses codes themselves where they would pass a process that must not know them.
    void checkJudgesCodes() throws Problem {
        if (judge.isEmpty()) throw new Problem("malformed", 404, "Requests without an account are not taken here.");
    }

    /// The client says that the reply is on its way (RFC 8555, section 7.5.1). With the reply here it is proven, else
    /// when it comes.
    public void ready(Challenge asked) throws IOException {
        if (!asked.type().equals(REPLY)) return;
        store.change(session -> {
            var authorization =
                    session.authorizations().held(asked.authorization()).orElseThrow();
            if (authorization.status() != Authorization.Status.PENDING || authorization.isOver(now())) return;
            // What was read before may be older than what was said of a reply since.
            var challenge = session.authorizations().challenge(asked.id()).orElseThrow();
            if (session.evidence().of(authorization.id()).isPresent()) proven(session, authorization, challenge);
            else
                session.authorizations()
                        .challenge(challenge.id(), Challenge.Status.PROCESSING, challenge.tries(), challenge.error());
        });
    }

    /// What the mail said, sealed by whoever took it.
    void proven(Session session, Authorization authorization, Challenge by) {
        Judge.proven(session, authorization, by, now());
    }

    /// RFC 8555, section 7.5.2.
    public void deactivate(Authorization authorization) throws IOException {
        store.change(session -> {
            var held = session.authorizations().held(authorization.id()).orElseThrow();
            boolean living =
                    held.status() == Authorization.Status.PENDING || held.status() == Authorization.Status.VALID;
            if (!living) return;
            session.authorizations()
                    .end(held.id(), Authorization.Status.DEACTIVATED, new Fault("unauthorized", "It was given up."));
            session.mails().done(held.id());
        });
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }
}
