package dev.starling.ca.validation;

import dev.starling.identity.Address;
import dev.starling.mail.DkimKeys;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.DkimVerifier;
import dev.starling.mail.MailRefused;
import java.io.IOException;
import java.time.InstantSource;

/// Whether a mail is a reply to some challenge, sent by the address it names: in two steps, because the second one
/// costs questions to the DNS. Knows no orders; `Replies` does.
final class ReplyJudge {
    private final Address to;
    private final DkimPolicy policy;
    private final DkimVerifier verifier;

    /// @param to the address that challenges come from
    ReplyJudge(Address to, DkimPolicy policy, DkimKeys keys, InstantSource clock) {
        this.to = to;
        this.policy = policy;
        this.verifier = new DkimVerifier(keys, policy, clock);
    }

    /// What it says; not yet to be believed.
    Reply read(Incoming incoming) throws MailRefused {
        return Reply.parse(incoming, to);
    }

    /// @throws IOException it cannot be told now
    AcceptedReply authenticate(Reply reply, byte[] raw) throws MailRefused, IOException {
        var pass = verifier.verify(reply.mail(), reply.from());
        return new AcceptedReply(
                reply.from(),
                reply.part1(),
                reply.response(),
                policy,
                pass.signature().domain(),
                pass.signature().selector(),
                pass.key().txt(),
                pass.key().weak(),
                pass.key().authentic(),
                raw);
    }
}
