package dev.starling.phone;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.message.Tokens;
import dev.starling.sip.transport.Networks;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Digest authentication of phones: RFC 3261, section 22, with the algorithms of RFC 8760. No socket.
///
/// An account that does not exist costs and is told the same as one with another password. `qop=auth` only.
public final class Digest {
    private static final int MAX_NONCES = 50_000, MAX_HEADERS = 4;

    /// What a request's credentials come to.
    sealed interface Verdict {
        /// The account proved itself.
        record Proven(String user) implements Verdict {}

        /// Nothing to judge: a challenge is due.
        record Absent() implements Verdict {}

        /// The nonce is old, or none of ours: a challenge with `stale=true` is due, whatever the password is (RFC
        /// 7616, section 3.3).
        record Stale() implements Verdict {}

        /// Password and nonce are right, and this count was used before.
        record Replayed(String user) implements Verdict {}

        record Wrong(String user) implements Verdict {}

        /// Not looked at: too many wrong ones before.
        record Later(String user, Duration after) implements Verdict {}
    }

    private final String realm;
    private final PhoneAccounts accounts;
    private final Nonces nonces;
    private final Guesses guesses;
    private final OldPhones oldPhones;
    private final SecretKeySpec invented;

    /// @param realm what [Ha1] was made with
    /// @param secret 32 random bytes of this peer; nonces survive a restart if it does
    public Digest(String realm, PhoneAccounts accounts, byte[] secret, InstantSource clock) {
        this(realm, accounts, secret, MAX_NONCES, clock);
    }

    Digest(String realm, PhoneAccounts accounts, byte[] secret, int nonces, InstantSource clock) {
        this.realm = realm;
        this.accounts = accounts;
        this.nonces = new Nonces(secret, realm, nonces, clock);
        guesses = new Guesses(clock);
        oldPhones = new OldPhones(clock);
        invented = new SecretKeySpec(secret, "HmacSHA256");
    }

    /// Values of WWW-Authenticate or Proxy-Authenticate, the best algorithm first: RFC 8760, section 2.4.
    ///
    /// @param inBrowser it came by WebSocket: what speaks SIP there knows MD5 only and asks no second time
    List<String> challenges(boolean stale, InetAddress to, SipMessage request, boolean inBrowser) throws SipException {
        var values = new ArrayList<String>();
        String network = Networks.of(to), nonce = nonces.fresh(network);
        // Whoever has chosen already is asked by what it chose.
        Optional<Credentials> chosen = ours(request);
        String name = request.from().uri();
        Optional<Ha1.Algorithm> only = chosen.map(Credentials::algorithm)
                .or(() -> Optional.of(Ha1.Algorithm.MD5).filter(_ -> inBrowser || accounts.knowsMd5Only(name)));
        List<Ha1.Algorithm> offered = only.isPresent() ? List.of(only.get()) : oldPhones.offer(network, request);
        for (Ha1.Algorithm each : offered)
            values.add("Digest realm=" + Tokens.quote(realm) + ",nonce=\"" + nonce + "\",algorithm=" + each.token
                    + ",qop=\"auth\"" + (stale ? ",stale=true" : ""));
        return values;
    }

    /// Judges the credentials for our realm, in either header.
    Verdict judge(SipMessage request, InetAddress from) throws SipException {
        Optional<Credentials> ours = ours(request);
        if (ours.isEmpty()) return new Verdict.Absent();
        Credentials said = ours.get();
        String network = Networks.of(from), user = said.user();
        // Whoever forges its source has no nonce of that network: it can neither guess nor make others wait.
        if (!nonces.isFresh(said.nonce(), network)) return new Verdict.Stale();
        Optional<Duration> wait = guesses.wait(network, user);
        if (wait.isPresent()) return new Verdict.Later(user, wait.get());
        Optional<Ha1> account = accounts.ha1(user);
        String expected = said.expected(account.orElseGet(() -> invented(user)).by(said.algorithm()), request.method());
        boolean right = MessageDigest.isEqual(
                expected.getBytes(StandardCharsets.US_ASCII), said.response().getBytes(StandardCharsets.US_ASCII));
        if (!right || account.isEmpty() || !isMeant(said.uri(), request.uri())) {
            guesses.failed(network, user);
            return new Verdict.Wrong(user);
        }
        guesses.succeeded(network, user);
        oldPhones.proven(network, request, said.algorithm());
        long nc = said.qop() ? Long.parseLong(said.nc(), 16) : 0;
        // RFC 7616, section 3.4: counts begin at 1; here 0 is for phones that do not count.
        if (said.qop() && nc == 0 || !nonces.spend(said.nonce(), network, nc)) return new Verdict.Replayed(user);
        return new Verdict.Proven(user);
    }

    private Optional<Credentials> ours(SipMessage request) throws SipException {
        var values = new ArrayList<>(request.all("authorization"));
        values.addAll(request.all("proxy-authorization"));
        if (values.size() > MAX_HEADERS) throw new SipException(400, "Bad credentials (too many)");
        Optional<Credentials> best = Optional.empty();
        for (String value : values) {
            var each = Credentials.parse(value).filter(c -> c.realm().equals(realm));
            // Several for one realm are of several algorithms; the best one counts.
            if (best.isEmpty()
                    || each.isPresent()
                            && each.get().algorithm().compareTo(best.get().algorithm()) < 0)
                best = each.isPresent() ? each : best;
        }
        return best;
    }

    /// RFC 7616, section 3.4.6: the credentials are for this resource.
    private static boolean isMeant(String uri, String requestUri) {
        if (uri.equals(requestUri)) return true;
        try {
            return SipUri.parse(uri).isEquivalent(SipUri.parse(requestUri));
        } catch (SipException e) {
            return false;
        }
    }

    /// Of an account that does not exist: the same each time, and known to nobody.
    private Ha1 invented(String user) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(invented);
            String hex = HexFormat.of().formatHex(mac.doFinal(("nobody:" + user).getBytes(StandardCharsets.UTF_8)));
            return new Ha1(hex, hex.substring(32));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
