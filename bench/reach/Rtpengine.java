import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// rtpengine without its kernel module, and what is said to it: bencoded dictionaries by UDP.
final class Rtpengine {
    private static final int CONTROL = 2223;

    private Rtpengine() {}

    static Measured start(Path out) throws IOException {
        return new Measured(
                out.resolve("rtpengine.log"),
                List.of(
                        "rtpengine",
                        "--config-file=none",
                        "--table=-1",
                        "--interface=127.0.0.1",
                        "--listen-ng=127.0.0.1:" + CONTROL,
                        "--foreground",
                        "--log-stderr",
                        "--log-level=4",
                        "--port-min=42000",
                        "--port-max=43999"));
    }

    /// Sets up that many calls; the port at which each is heard.
    static List<Integer> calls(int count) throws IOException {
        var ports = new ArrayList<Integer>();
        try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(500);
            for (int i = 0; i < count; i++) {
                String call = "call" + i;
                String offered = ask(socket, i + "o", request("offer", call, "RTP/SAVP", new String(
                        RtpLoad.description(RtpLoad.plain(i), "RTP/AVP", ""), StandardCharsets.US_ASCII), false));
                // Its own number of the suite.
                String tag = offered.replaceFirst("(?s).*a=crypto:([0-9]+) AES_CM_128_HMAC_SHA1_80 .*", "$1");
                String crypto = RtpLoad.CRYPTO.replace("crypto:1 ", "crypto:" + tag + " ");
                String answer = ask(socket, i + "a", request("answer", call, "RTP/AVP", new String(
                        RtpLoad.description(RtpLoad.secure(i), "RTP/SAVP", crypto), StandardCharsets.US_ASCII), true));
                ports.add(Integer.parseInt(RtpLoad.port(answer)));
            }
        }
        return ports;
    }

    private static String text(String text) {
        return text.length() + ":" + text;
    }

    private static String request(String command, String call, String protocol, String sdp, boolean isAnswer) {
        return "d" + text("ICE") + text("remove") + text("call-id") + text(call) + text("command") + text(command)
                + text("from-tag") + text("a") + text("replace") + "l" + text("origin") + text("session-connection") + "e"
                + text("sdp") + text(sdp) + (isAnswer ? text("to-tag") + text("b") : "")
                + text("transport-protocol") + text(protocol) + "e";
    }

    private static String ask(DatagramSocket socket, String cookie, String request) throws IOException {
        byte[] bytes = (cookie + " " + request).getBytes(StandardCharsets.US_ASCII);
        var to = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), CONTROL);
        for (int i = 0; i < 30; i++) {
            socket.send(new DatagramPacket(bytes, bytes.length, to));
            var answer = new DatagramPacket(new byte[8_000], 8_000);
            try {
                socket.receive(answer);
            } catch (java.net.SocketTimeoutException e) {
                continue;
            }
            String said = new String(answer.getData(), 0, answer.getLength(), StandardCharsets.US_ASCII);
            if (said.startsWith(cookie + " ") && said.contains("m=audio")) return said;
            throw new IOException("rtpengine: " + said);
        }
        throw new IOException("rtpengine does not answer");
    }
}
