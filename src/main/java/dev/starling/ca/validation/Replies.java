package dev.starling.ca.validation;

import static dev.starling.mail.MailRefused.unless;

import dev.starling.identity.Address;
import dev.starling.mail.DkimKeys;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.MailRefused;
import dev.starling.mail.Reason;
import dev.starling.mail.SmimeVerifier;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.InstantSource;
import java.util.Optional;

/// Takes replies to challenges. The order of the checks: what the mail says; whether there is such a challenge, because
/// before that nobody may make us ask the DNS; whether it is open, and for that sender; whether the sender's domain
/// vouches for it; whether it answers that challenge with the right response, and is the first that does.
public final class Replies {
    private static final System.Logger LOG = System.getLogger("starling.ca");

    /// What became of a mail.
    public sealed interface Outcome {
        /// @param challenge its id
        record Taken(String challenge, AcceptedReply reply) implements Outcome {}

        record Refused(Reason reason) implements Outcome {}

        /// Nothing can be said now: the DNS or the store does not answer. The mail should be tried again.
        record Later(String why) implements Outcome {}
    }

    private final ReplyJudge judge;
    private final OpenReplies open;
    private final InstantSource clock;

    /// @param to the address that challenges come from, and replies go to
    public Replies(Address to, DkimPolicy policy, DkimKeys keys, OpenReplies open, InstantSource clock) {
        this(to, policy, keys, Optional.empty(), open, clock);
    }

    /// @param smime who is believed in place of the sender's domain, of mails that are signed by S/MIME
    public Replies(
            Address to,
            DkimPolicy policy,
            DkimKeys keys,
            Optional<SmimeVerifier> smime,
            OpenReplies open,
            InstantSource clock) {
        this.judge = new ReplyJudge(to, policy, keys, smime, clock);
        this.open = open;
        this.clock = clock;
    }

    /// Takes one mail. Twice the same one is taken once.
    public Outcome take(Incoming incoming) {
        Optional<OpenReplies.Open> challenge = Optional.empty();
        try {
            Reply reply = judge.read(incoming);
            challenge = open.find(reply.part1());
            unless(challenge.isPresent() && same(challenge.get().part1(), reply.part1()), Reason.UNKNOWN);
            return new Outcome.Taken(challenge.get().id(), match(challenge.get(), reply, incoming));
        } catch (MailRefused e) {
            LOG.log(
                    System.Logger.Level.INFO,
                    "a mail is no reply: {0}",
                    e.reason().code());
            return tell(challenge, e.reason());
        } catch (IOException e) {
            return later(e);
        }
    }

    private AcceptedReply match(OpenReplies.Open challenge, Reply reply, Incoming incoming)
            throws MailRefused, IOException {
        unless(!challenge.replied(), Reason.REPLAYED);
        unless(clock.instant().isBefore(challenge.expires()), Reason.LATE);
        // Before the DNS is asked: of another sender's domain nobody wants to know.
        unless(same(reply.from().text(), challenge.identifier().text()), Reason.OTHER_ADDRESS);
        var accepted = judge.authenticate(reply, incoming.raw());
        String expected = MailCode.response(challenge.part1(), challenge.part2(), challenge.thumbprint());
        unless(same(expected, accepted.response()), Reason.WRONG_RESPONSE);
        // Two copies of a reply may come at once, and the challenge may have ended meanwhile.
        unless(open.replied(challenge, accepted), Reason.REPLAYED);
        return accepted;
    }

    private Outcome tell(Optional<OpenReplies.Open> challenge, Reason reason) {
        try {
            if (challenge.isPresent() && reason != Reason.REPLAYED) open.refused(challenge.get(), reason);
            return new Outcome.Refused(reason);
        } catch (IOException e) {
            return later(e);
        }
    }

    private static Outcome later(IOException e) {
        LOG.log(System.Logger.Level.WARNING, "a reply must be tried again: {0}", e.getMessage());
        return new Outcome.Later(String.valueOf(e.getMessage()));
    }

    private static boolean same(String a, String b) {
        return MessageDigest.isEqual(a.getBytes(StandardCharsets.US_ASCII), b.getBytes(StandardCharsets.US_ASCII));
    }
}
