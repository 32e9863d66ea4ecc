package dev.starling.ca.validation;

import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.mail.RawMail;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/// Sorts the mail of a CA: what comes for its address is a reply, or nothing; what comes for the sender of one mail's
/// envelope, without a sender of its own, is a report on that mail.
public final class Postbox implements Inbound {
    private static final System.Logger LOG = System.getLogger("starling.ca");

    /// RFC 3464, section 2.3.4, with the codes of RFC 3463.
    private static final Pattern STATUS = Pattern.compile(
            "^Status:[ \\t]*([245]\\.[0-9]{1,3}\\.[0-9]{1,3})\\b", Pattern.MULTILINE | Pattern.CASE_INSENSITIVE);

    /// Who wants to know of mails that did not arrive.
    public interface Bounces {
        /// @param tag of the mail, as `Mailer.Letter` had it
        /// @param forGood the mailbox will not take it later either
        /// @param status for example `5.1.1`; "" when the report does not say
        void bounced(String tag, boolean forGood, String status) throws IOException;
    }

    private final Address self;
    private final Verp verp;
    private final Replies replies;
    private final Bounces bounces;

    public Postbox(Address self, Verp verp, Replies replies, Bounces bounces) {
        this.self = self;
        this.verp = verp;
        this.replies = replies;
        this.bounces = bounces;
    }

    @Override
    public boolean serves(String recipient) {
        try {
            return verp.tag(recipient).isPresent() || Address.parse(recipient).equals(self);
        } catch (IdentityException e) {
            return false;
        }
    }

    @Override
    public Answer take(Incoming mail) {
        var tag = verp.tag(mail.recipient());
        if (tag.isPresent()) return bounce(tag.get(), mail);
        return replies.take(mail) instanceof Replies.Outcome.Later ? Answer.LATER : Answer.TAKEN;
    }

    private Answer bounce(String tag, Incoming mail) {
        // RFC 3464, section 2: a report has no sender. Anything else that comes here is junk.
        if (!mail.sender().isEmpty() || mail.raw().length > RawMail.MAX_BYTES) return Answer.TAKEN;
        var found = STATUS.matcher(new String(mail.raw(), StandardCharsets.ISO_8859_1));
        String status = found.find() ? found.group(1) : "";
        try {
            bounces.bounced(tag, status.startsWith("5"), status);
            return Answer.TAKEN;
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "a report on a mail must be tried again: {0}", e.getMessage());
            return Answer.LATER;
        }
    }
}
