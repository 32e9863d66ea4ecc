package dev.starling.ca;

import dev.starling.ca.registration.ReplyDesk;
import dev.starling.ca.registration.Silence;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.validation.ChallengeMail;
import dev.starling.ca.validation.ImapInbox;
import dev.starling.ca.validation.Mailer;
import dev.starling.ca.validation.Postbox;
import dev.starling.ca.validation.ProofKey;
import dev.starling.ca.validation.Replies;
import dev.starling.ca.validation.SilentDomains;
import dev.starling.ca.validation.SmtpInbox;
import dev.starling.ca.validation.SmtpMailer;
import dev.starling.ca.validation.Verp;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import dev.starling.mail.DkimSigner;
import dev.starling.mail.DnsDkimKeys;
import dev.starling.mail.SmimeVerifier;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/// The mails of a CA on the open internet: signed by DKIM, with a link for who wants no more, each with a sender of its
/// own in the envelope; and what comes back.
final class MailSide implements AutoCloseable {
    private static final Duration DNS_PATIENCE = Duration.ofSeconds(5);
    private static final int SECRET_BYTES = 32;

    private final MailSettings settings;
    private final CaStore store;
    private final Silence silence;
    private final ProofKey key;
    private final Clock clock;
    private final Address self;
    private final Verp verp;
    private final Optional<DkimSigner> signer;
    private Optional<AutoCloseable> inbox = Optional.empty();

    MailSide(MailSettings settings, Path folder, CaStore store, Silence silence, ProofKey key, Clock clock)
            throws IOException {
        this.settings = settings;
        this.store = store;
        this.silence = silence;
        this.key = key;
        this.clock = clock;
        self = address(settings.server().from());
        byte[] fresh = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(fresh);
        verp = new Verp(self, store.in(session -> session.nonces().secret("verp", fresh)));
        signer = settings.selector().isPresent()
                ? Optional.of(DkimSigner.open(
                        folder.resolve("dkim.pem"),
                        self.domain(),
                        settings.selector().get(),
                        clock))
                : Optional.empty();
    }

    private static Address address(String text) throws IOException {
        try {
            return Address.parse(text);
        } catch (IdentityException e) {
            throw new IOException("The sender of the mails is not an e-mail address: " + text, e);
        }
    }

    Mailer mailer() throws IOException {
        boolean reports = settings.inbox().isPresent();
        return new SmtpMailer(settings.server(), signer, reports ? Optional.of(verp) : Optional.empty());
    }

    Mailer.Letter letter(Authorization to, String language) {
        URI stop = URI.create(settings.base() + "/acme/no-mail/" + silence.token(to.value()));
        String code = key.code(to.id(), to.value());
        return ChallengeMail.letter(to.value(), code, language, Optional.of(stop), ReplyDesk.tag(to));
    }

    boolean takesReplies() {
        return settings.inbox().isPresent();
    }

    /// The address that challenges come from (RFC 8823, section 3).
    String sender() {
        return self.text();
    }

    /// The DNS record by which everybody can check its signatures, as a line for a zone file.
    Optional<String> dnsRecord() {
        return signer.map(DkimSigner::zoneLine);
    }

    /// Takes mails from now on.
    void receive(ReplyDesk desk) throws IOException {
        if (settings.inbox().isEmpty()) return;
        var keys = new SilentDomains(new DnsDkimKeys(settings.dns(), DNS_PATIENCE), clock);
        var smime = settings.smime().map(trust -> new SmimeVerifier(trust, new OwnCertificates(store)::has, clock));
        var replies = new Replies(self, settings.policy(), keys, smime, desk, clock);
        var postbox = new Postbox(self, verp, replies, desk);
        inbox = Optional.of(
                switch (settings.inbox().get()) {
                    case MailSettings.Inbox.Smtp(var config) -> new SmtpInbox(config, postbox);
                    case MailSettings.Inbox.Imap(var config) -> new ImapInbox(config, postbox);
                });
    }

    @Override
    public void close() throws IOException {
        if (inbox.isEmpty()) return;
        try {
            inbox.get().close();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }
}
