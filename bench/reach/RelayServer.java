import dev.starling.nat.turn.TimedCredentials;
import dev.starling.nat.turn.TurnLimits;
import dev.starling.nat.turn.TurnRelay;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;

/// Our relay as `cli.PeerRelay` starts it, but without a bound on what one device may send: that is not what is measured.
public final class RelayServer {
    private RelayServer() {}

    /// Arguments: port.
    public static void main(String[] args) throws Exception {
        InetAddress here = InetAddress.getByName("127.0.0.1");
        var open = TurnLimits.OPEN;
        var limits = new TurnLimits(
                open.total(),
                open.perOwner(),
                open.perDomain(),
                open.perNetwork(),
                open.permissions(),
                open.channels(),
                Integer.MAX_VALUE / 8);
        var places = new TurnRelay.Places(
                List.of(new InetSocketAddress(here, Integer.parseInt(args[0]))), List.of(), List.of(here), 49_152, 65_535);
        var credentials = new TimedCredentials(
                TurnClients.SECRET.getBytes(StandardCharsets.US_ASCII), TurnClients.REALM, InstantSource.system());
        var relay = TurnRelay.start(places, credentials, limits, InetAddress::isLoopbackAddress);
        System.out.println("ready");
        while (System.in.read() >= 0) System.out.println(relay.size() + " allocations");
        relay.close();
        System.exit(0);
    }
}
