package dev.starling.ca.validation;

import dev.starling.ca.validation.AcceptedReply.Voucher;
import dev.starling.identity.Address;
import dev.starling.mail.DkimKeys;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.DkimVerifier;
import dev.starling.mail.MailRefused;
import dev.starling.mail.RawMail;
import dev.starling.mail.SmimeMail;
import dev.starling.mail.SmimeVerifier;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Optional;

/// Whether a mail is a reply to some challenge, sent by the address it names: in two steps, because the second one
/// costs questions to the DNS, or a look at many certificates. Knows no orders; `Replies` does.
final class ReplyJudge {
    private final Address to;
    private final DkimPolicy policy;
    private final DkimVerifier verifier;
    private final Optional<SmimeVerifier> smime;

    /// @param to the address that challenges come from
    /// @param smime who is believed in place of the sender's domain; empty: nobody
    ReplyJudge(Address to, DkimPolicy policy, DkimKeys keys, Optional<SmimeVerifier> smime, InstantSource clock) {
        this.to = to;
        this.policy = policy;
        this.verifier = new DkimVerifier(keys, policy, clock);
        this.smime = smime;
    }

    /// What it says; not yet to be believed.
    Reply read(Incoming incoming) throws MailRefused {
        RawMail mail = RawMail.parse(incoming.raw());
        return smime.isPresent() && SmimeMail.isOne(mail)
                ? Reply.parseSigned(incoming, mail, to)
                : Reply.parse(incoming, mail, to);
    }

    /// @throws IOException it cannot be told now
    AcceptedReply authenticate(Reply reply, byte[] raw) throws MailRefused, IOException {
        return new AcceptedReply(reply.from(), reply.part1(), reply.response(), voucher(reply), raw);
    }

    private Voucher voucher(Reply reply) throws MailRefused, IOException {
        if (reply.signed().isPresent())
            return new Voucher.Smime(smime.orElseThrow().verify(reply.signed().get(), reply.from()));
        var pass = verifier.verify(reply.mail(), reply.from());
        return new Voucher.Dkim(
                policy,
                pass.signature().domain(),
                pass.signature().selector(),
                pass.key().txt(),
                pass.key().weak(),
                pass.key().authentic());
    }
}
