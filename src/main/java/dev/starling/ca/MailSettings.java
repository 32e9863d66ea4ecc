package dev.starling.ca;

import dev.starling.ca.validation.ImapInbox;
import dev.starling.ca.validation.SmtpInbox;
import dev.starling.ca.validation.SmtpMailer;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.NameServer;
import dev.starling.mail.SmimeTrust;
import java.net.URI;
import java.util.Optional;

/// How the CA sends mails, and how it hears the answers.
///
/// @param server that takes the mails
/// @param base URL under which readers of mails reach the CA, without a slash at the end
/// @param selector of the DKIM key that signs them (RFC 6376, section 3.1); empty: the mail server signs, or nobody
/// @param inbox where replies and reports come; empty: only codes are taken
/// @param policy what the DKIM signature of a reply must cover
/// @param dns server that is asked for DKIM keys, mail servers and CAA records
/// @param issuer the name by which CAA records know the CA (RFC 8659, section 4.2)
/// @param smime anchors whose S/MIME certificates vouch for replies, too; empty: none do
public record MailSettings(
        SmtpMailer.Config server,
        String base,
        Optional<String> selector,
        Optional<Inbox> inbox,
        DkimPolicy policy,
        NameServer dns,
        String issuer,
        Optional<SmimeTrust> smime) {
    /// Known by the host of `base`.
    public MailSettings(
            SmtpMailer.Config server,
            String base,
            Optional<String> selector,
            Optional<Inbox> inbox,
            DkimPolicy policy,
            NameServer dns) {
        this(
                server,
                base,
                selector,
                inbox,
                policy,
                dns,
                Optional.ofNullable(URI.create(base).getHost()).orElse(""),
                Optional.empty());
    }

    public MailSettings known(String name) {
        return new MailSettings(server, base, selector, inbox, policy, dns, name, smime);
    }

    public MailSettings believing(SmimeTrust trust) {
        return new MailSettings(server, base, selector, inbox, policy, dns, issuer, Optional.of(trust));
    }

    /// One of the two ways.
    public sealed interface Inbox {
        record Smtp(SmtpInbox.Config config) implements Inbox {}

        record Imap(ImapInbox.Config config) implements Inbox {}
    }
}
