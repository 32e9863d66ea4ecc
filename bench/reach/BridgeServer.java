import dev.starling.media.Bridge;
import dev.starling.media.Bridges;
import dev.starling.media.MediaConfig;
import dev.starling.media.MediaLimits;
import dev.starling.media.Phone;
import dev.starling.media.PhoneLeg;
import dev.starling.media.PortRange;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/// Our bridges between phones that speak RTP in the clear and phones with keys (SDES), as a peer has them. Says at which
/// port each call is heard.
public final class BridgeServer {
    private BridgeServer() {}

    /// Arguments: calls.
    public static void main(String[] args) throws Exception {
        var bridges = new Bridges(new MediaConfig(
                List.of(InetAddress.getByName("127.0.0.1")),
                new PortRange(40_000, 40_999),
                new PortRange(41_000, 41_999),
                InetAddress::isLoopbackAddress,
                MediaLimits.USUAL));
        var ports = new ArrayList<String>();
        for (int i = 0; i < Integer.parseInt(args[0]); i++) {
            var plain = new Phone("account" + i, RtpLoad.plain(i), false);
            Bridge bridge = bridges.fromPhone(plain, RtpLoad.description(RtpLoad.plain(i), "RTP/AVP", ""));
            PhoneLeg other = bridge.newPhoneLeg(new Phone("account" + i, RtpLoad.secure(i), true));
            other.answered(RtpLoad.description(RtpLoad.secure(i), "RTP/SAVP", RtpLoad.CRYPTO));
            bridge.keep(other);
            ports.add(RtpLoad.port(new String(bridge.answer(), java.nio.charset.StandardCharsets.US_ASCII)));
        }
        System.out.println("ports " + String.join(" ", ports) + " .");
        while (System.in.read() >= 0) System.out.println(bridges.counters().snapshot());
        System.exit(0);
    }
}
