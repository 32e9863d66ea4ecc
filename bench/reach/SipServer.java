import dev.starling.phone.Digest;
import dev.starling.phone.Ha1;
import dev.starling.phone.PhoneAccounts;
import dev.starling.phone.PhoneEdge;
import dev.starling.phone.PhoneRegistrar;
import dev.starling.phone.PhoneUser;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.TimerWheel;
import dev.starling.sip.transport.PhoneTransport;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// Ours under test: what a peer has where phones come in, wired as `cli.PhoneDoor` does, with accounts that nobody
/// enrolled and, in place of each account's agent, [TwoPhones] or [PlainProxy].
public final class SipServer {
    /// RFC 3261, timers H and J, and RFC 6026, timers L and M.
    private static final Duration TRANSACTION = Duration.ofMillis(64 * 500 + 100);

    private SipServer() {}

    /// Arguments: address, port, folder, accounts (`u0` and on), `dialogs` or `proxy`.
    public static void main(String[] args) throws Exception {
        var accounts = new Accounts(Integer.parseInt(args[3]));
        var clock = Clock.systemUTC();
        var timers = TimerWheel.started();
        var transport = new PhoneTransport(
                new PhoneTransport.Listening(
                        List.of(InetAddress.getByName(args[0])),
                        Integer.parseInt(args[1]),
                        OptionalInt.empty(),
                        Optional.empty()),
                PhoneTransport.Limits.USUAL,
                Optional.empty(),
                (_, _) -> Optional.empty(),
                clock);
        byte[] secret = new byte[32];
        new SecureRandom().nextBytes(secret);
        var digest = new Digest(Phones.REALM, accounts, secret, clock);
        var registrar = new PhoneRegistrar(Path.of(args[2]).resolve("phones.db"), accounts, transport, timers, clock);
        var dialogs = new TwoPhones(registrar);
        var proxy = new PlainProxy(registrar, transport);
        PhoneUser user = args[4].equals("proxy") ? proxy : dialogs;
        var edge = new PhoneEdge(transport, accounts, digest, registrar, user, timers, transport.offences(), clock);
        dialogs.over(edge);
        proxy.over(edge);
        transport.start(edge);
        System.out.println("ready");
        // Ends with whoever started it. A line asks it to say when the transactions that there are now have ended: what
        // is set later fires later.
        var asked = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        while (asked.readLine() != null)
            timers.after(TRANSACTION, () -> System.out.println("rested, " + edge.transactions() + " transactions"));
        registrar.close();
        transport.close();
        System.exit(0);
    }

    /// All with one password.
    private static final class Accounts implements PhoneAccounts {
        private final Map<String, Ha1> all = new HashMap<>();

        Accounts(int count) {
            for (int i = 0; i < count; i++) all.put("u" + i, Phones.HA1);
        }

        @Override
        public Optional<Ha1> ha1(String user) {
            return Optional.ofNullable(all.get(user));
        }

        @Override
        public boolean owns(String user, SipUri address) {
            return address.user().equals(user);
        }
    }
}
