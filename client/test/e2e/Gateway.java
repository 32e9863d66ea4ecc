import dev.starling.media.Bridge;
import dev.starling.media.Bridges;
import dev.starling.media.End;
import dev.starling.media.Leg;
import dev.starling.media.MediaConfig;
import dev.starling.media.MediaException;
import dev.starling.media.MediaLimits;
import dev.starling.media.Phone;
import dev.starling.media.PortRange;
import dev.starling.media.Reoffer;
import dev.starling.media.WebLeg;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/// One bridge, moved by lines on standard input, for the tests in a browser: `WORD DESCRIPTION`, answered by a line each. Descriptions
/// in base64.
class Gateway {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();
    private static final Phone PHONE = new Phone("alice", HERE, false);

    private final Bridges bridges;
    private Bridge bridge;
    private Leg callee;

    Gateway() throws Exception {
        bridges = new Bridges(new MediaConfig(
                List.of(HERE),
                new PortRange(20_000, 29_999),
                new PortRange(30_000, 39_999),
                InetAddress::isLoopbackAddress,
                MediaLimits.USUAL));
    }

    public static void main(String[] args) throws Exception {
        var gateway = new Gateway();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("ready");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            byte[] sdp = words.length > 1 ? Base64.getDecoder().decode(words[1]) : new byte[0];
            try {
                System.out.println("ok " + gateway.answer(words[0], sdp));
            } catch (MediaException e) {
                System.out.println("refused " + e.reason() + " " + e.getMessage());
            }
        }
        System.exit(0);
    }

    private String answer(String word, byte[] sdp) throws MediaException {
        return switch (word) {
            case "from-phone" -> {
                begin(bridges.fromPhone(PHONE, sdp));
                callee = bridge.newWebLeg();
                yield text(callee.offer());
            }
            case "from-web" -> {
                begin(bridges.fromWeb("alice", sdp));
                callee = bridge.newPhoneLeg(PHONE);
                yield text(callee.offer());
            }
            case "answered" -> {
                callee.answered(sdp);
                bridge.keep(callee);
                yield text(bridge.answer());
            }
            case "candidate" -> {
                for (Leg each : List.of(bridge.caller(), callee))
                    if (each instanceof WebLeg web) web.add(new String(sdp, StandardCharsets.UTF_8));
                yield "";
            }
            case "reoffer-of-caller", "reoffer-of-callee" ->
                switch (bridge.reoffer(word.endsWith("caller") ? bridge.caller() : callee, sdp)) {
                    case Reoffer.Answer(byte[] answer) -> "answer " + text(answer);
                    case Reoffer.PassOn(Leg _, byte[] offer) -> "offer " + text(offer);
                };
            case "reanswered" -> text(bridge.reanswered(sdp));
            case "close" -> {
                bridge.close();
                yield "";
            }
            case "counters" -> bridges.counters().snapshot().toString().replace(" ", "");
            default -> throw new IllegalArgumentException(word);
        };
    }

    private void begin(Bridge made) {
        bridge = made;
        bridge.onEnd((End why) -> System.out.println("end " + why));
    }

    private static String text(byte[] sdp) {
        return Base64.getEncoder().encodeToString(sdp);
    }
}
