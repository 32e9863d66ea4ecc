package dev.starling.phone;

import dev.starling.proxy.Quota;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.Offences;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/// Says for each request whose it is, and how much each account may ask for: nothing is done for whoever has not
/// proven who it is.
final class Gatekeeper {
    /// What one account may do in an hour, and at once.
    record Allowed(double perHour, double atOnce) {}

    static final Allowed REQUESTS = new Allowed(36_000, 200),
            CALLS = new Allowed(120, 40),
            MESSAGES = new Allowed(600, 100);

    private final PhoneAccounts accounts;
    private final Digest digest;
    private final PhoneRegistrar registrar;
    private final PhoneUser user;
    private final Answers answers;
    private final Offences offences;
    private final Quota requests, calls, messages;

    Gatekeeper(
            PhoneAccounts accounts,
            Digest digest,
            PhoneRegistrar registrar,
            PhoneUser user,
            Answers answers,
            Offences offences,
            Clock clock) {
        this.accounts = accounts;
        this.digest = digest;
        this.registrar = registrar;
        this.user = user;
        this.answers = answers;
        this.offences = offences;
        requests = quota(REQUESTS, clock);
        calls = quota(CALLS, clock);
        messages = quota(MESSAGES, clock);
    }

    private static Quota quota(Allowed allowed, Clock clock) {
        return new Quota(allowed.perHour, allowed.atOnce, clock);
    }

    /// The account that the request is of. Empty: it has been answered. An exception is how it is to be answered.
    Optional<String> account(Flow flow, InetAddress from, SipMessage request) throws SipException {
        Optional<String> known = inDialog(flow, request);
        Optional<String> account = known.isPresent() ? known : proven(flow, from, request);
        if (account.isEmpty()) return account;
        if (!requests.allows(account.get())) throw tooMuch(from, account.get(), "requests");
        if (known.isPresent()) return known;
        if (!accounts.owns(account.get(), SipUri.parse(request.from().uri()))) {
            offences.by(from, "Phone names an address that is not its own", account.get());
            throw new SipException(403, "Not the address of this account");
        }
        boolean begins = request.toTag().isEmpty();
        if (begins && request.method().equals("INVITE") && !calls.allows(account.get()))
            throw tooMuch(from, account.get(), "calls");
        if (request.method().equals("MESSAGE") && !messages.allows(account.get()))
            throw tooMuch(from, account.get(), "messages");
        return account;
    }

    private SipException tooMuch(InetAddress from, String account, String what) {
        offences.by(from, "Phone asks too often", account + ": " + what);
        return new SipException(503, "Too many " + what, new SipException.Header("Retry-After", "60"));
    }

    /// Within a dialog that began with a proof, over the flow at which the phone is registered.
    private Optional<String> inDialog(Flow flow, SipMessage request) throws SipException {
        if (request.toTag().isEmpty()) return Optional.empty();
        var dialog = DialogId.of(request);
        return registrar.over(flow).map(Binding::account).filter(account -> user.knows(account, dialog));
    }

    private Optional<String> proven(Flow flow, InetAddress from, SipMessage request) throws SipException {
        switch (digest.judge(request, from)) {
            case Digest.Verdict.Proven(String account) -> {
                flow.admit();
                return Optional.of(account);
            }
            case Digest.Verdict.Absent _ -> challenge(flow, from, request, false);
            case Digest.Verdict.Stale _ -> challenge(flow, from, request, true);
            case Digest.Verdict.Replayed(String account) -> {
                offences.by(from, "Credentials used again", account);
                challenge(flow, from, request, true);
            }
            case Digest.Verdict.Wrong(String account) -> {
                offences.by(from, "Wrong password", account);
                challenge(flow, from, request, false);
            }
            case Digest.Verdict.Later(String account, Duration after) -> {
                offences.by(from, "Passwords guessed", account);
                String seconds = String.valueOf(after.toSeconds() + 1);
                throw new SipException(
                        403, "Too many wrong passwords", new SipException.Header("Retry-After", seconds));
            }
        }
        return Optional.empty();
    }

    // RFC 3261, sections 22.2 and 22.3: the registrar asks as a server, for others we ask as a proxy does.
    private void challenge(Flow flow, InetAddress from, SipMessage request, boolean stale) throws SipException {
        boolean register = request.method().equals("REGISTER");
        Edit answer = Edit.response(
                request,
                register ? 401 : 407,
                register ? "Unauthorized" : "Proxy Authentication Required",
                TransactionLayer.tag());
        for (String each :
                digest.challenges(stale, from, request, flow.transport().startsWith("WS")))
            answer.add(register ? "WWW-Authenticate" : "Proxy-Authenticate", each);
        answers.stranger(flow, from, request, answer);
    }
}
