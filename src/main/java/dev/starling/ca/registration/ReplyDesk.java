package dev.starling.ca.registration;

import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Challenge;
import dev.starling.ca.store.EvidenceTable.Evidence;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Receipt;
import dev.starling.ca.store.Session;
import dev.starling.ca.validation.AcceptedReply;
import dev.starling.ca.validation.AcceptedReply.Voucher;
import dev.starling.ca.validation.OpenReplies;
import dev.starling.ca.validation.Postbox;
import dev.starling.ca.validation.ProofKey;
import dev.starling.identity.DeviceId;
import dev.starling.mail.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.stream.Collectors;

/// What comes by mail, for the authorizations that wait for it: replies that prove them (RFC 8823), and reports that
/// their mail did not arrive.
public final class ReplyDesk implements OpenReplies, Postbox.Bounces {
    private static final System.Logger LOG = System.getLogger("starling.ca");
    /// Of an authorization's id, what fits in the sender of a mail's envelope.
    private static final int TAG = 26;

    private final CaStore store;
    private final Judge judge;
    private final Silence silence;
    private final Clock clock;

    public ReplyDesk(CaStore store, Judge judge, Silence silence, Clock clock) {
        this.store = store;
        this.judge = judge;
        this.silence = silence;
        this.clock = clock;
    }

    /// What names an authorization in the sender of its mail's envelope.
    public static String tag(Authorization authorization) {
        return authorization.id().substring(0, Math.min(TAG, authorization.id().length()));
    }

    @Override
    public Optional<Open> find(String part1) throws IOException {
        return store.in(session -> session.authorizations()
                .byStart(ProofKey.start(part1))
                .filter(each -> judge.code(each).equals(part1))
                .flatMap(each -> open(session, each)));
    }

    private Optional<Open> open(Session session, Authorization authorization) {
        Optional<Challenge> challenge = reply(session, authorization.id());
        if (challenge.isEmpty()) return Optional.empty();
        return session.accounts()
                .byId(authorization.account())
                .map(account -> new Open(
                        authorization.id(),
                        authorization.address(),
                        judge.code(authorization),
                        challenge.get().token(),
                        account.thumbprint(),
                        Instant.ofEpochSecond(authorization.expires()),
                        session.evidence().of(authorization.id()).isPresent()));
    }

    private static Optional<Challenge> reply(Session session, String authorization) {
        return session.authorizations().challenges(authorization).stream()
                .filter(each -> each.type().equals(Authorizations.REPLY))
                .findFirst();
    }

    @Override
    public boolean replied(Open open, AcceptedReply reply) throws IOException {
        long now = clock.instant().getEpochSecond();
        Evidence evidence = evidence(reply, now);
        String way = switch (reply.by()) {
            case Voucher.Dkim _ -> Authorizations.REPLY;
            case Voucher.Smime _ -> Authorizations.REPLY_SMIME;
        };
        return store.in(session -> {
            Authorization held = session.authorizations().held(open.id()).orElseThrow();
            if (held.status() == Authorization.Status.PENDING && held.isEarly(now))
                throw new UncheckedIOException(new IOException("the clocks of this CA differ"));
            if (held.status() != Authorization.Status.PENDING || held.isOver(now)) return false;
            if (!session.evidence().add(held.id(), evidence)) return false;
            Challenge challenge = reply(session, held.id()).orElseThrow();
            session.authorizations().challenge(challenge.id(), challenge.status(), challenge.tries(), Fault.NONE);
            String mail = HexFormat.of().formatHex(DeviceId.sha256(reply.raw()));
            judge.seal(session, held, way, Receipt.ofAccount(open.thumbprint()), mail);
            // RFC 8555, section 7.5.1: the client says when it is ready; it may have done so before the mail came.
            if (challenge.status() == Challenge.Status.PROCESSING) Judge.proven(session, held, challenge, now);
            return true;
        });
    }

    private static Evidence evidence(AcceptedReply reply, long now) {
        return switch (reply.by()) {
            case Voucher.Dkim by ->
                new Evidence(
                        reply.raw(),
                        by.domain(),
                        by.selector(),
                        by.keyTxt(),
                        by.policy().name(),
                        by.dnssec(),
                        now);
            case Voucher.Smime by -> {
                String path = by.path().stream().map(Issuer::pem).collect(Collectors.joining());
                yield new Evidence(reply.raw(), reply.from().domain(), "", path, "SMIME", false, now);
            }
        };
    }

    @Override
    public void refused(Open open, Reason reason) throws IOException {
        store.change(session -> {
            // Held, so that what is said of the challenge meanwhile is not written over.
            Authorization held = session.authorizations().held(open.id()).orElseThrow();
            if (held.status() != Authorization.Status.PENDING) return;
            reply(session, held.id())
                    .filter(Challenge::isOpen)
                    .ifPresent(each -> session.authorizations()
                            .challenge(
                                    each.id(),
                                    each.status(),
                                    each.tries(),
                                    new Fault("incorrectResponse", reason.words())));
        });
    }

    @Override
    public void bounced(String tag, boolean forGood, String status) throws IOException {
        LOG.log(System.Logger.Level.INFO, "the mail {0} came back, status {1}", tag, status);
        Optional<Authorization> of =
                store.in(session -> session.authorizations().byStart(tag));
        if (of.isEmpty() || !forGood) return;
        store.change(session -> {
            Authorization held = session.authorizations().held(of.get().id()).orElseThrow();
            // A mailbox that has answered is there, whatever a report says.
            if (held.status() != Authorization.Status.PENDING) return;
            silence.bounced(session, held.value());
            session.authorizations()
                    .end(
                            held.id(),
                            Authorization.Status.INVALID,
                            new Fault("connection", "The mail came back: nobody has this address. Check it."));
        });
    }
}
