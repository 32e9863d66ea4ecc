import dev.starling.phone.Digest;
import dev.starling.phone.Ha1;
import dev.starling.phone.PhoneAccounts;
import dev.starling.phone.PhoneEdge;
import dev.starling.phone.PhoneRegistrar;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.TimerWheel;
import dev.starling.sip.transport.PhoneTransport;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// Ours under test: what a peer has where phones come in, wired as `cli.PhoneDoor` does, with accounts that nobody
/// enrolled and [TwoPhones] in place of each account's agent.
public final class SipServer {
    private SipServer() {}

    /// Arguments: address, port, folder, accounts (`u0` and on).
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
        var user = new TwoPhones(registrar);
        var edge = new PhoneEdge(transport, accounts, digest, registrar, user, timers, transport.offences(), clock);
        user.over(edge);
        transport.start(edge);
        System.out.println("ready");
        // Ends with whoever started it.
        while (System.in.read() >= 0) System.out.println(edge.transactions() + " transactions");
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
