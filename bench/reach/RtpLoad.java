import dev.starling.sip.transport.Datagrams;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/// Phones in calls: those in the clear send a packet of G.711 each 20 ms, those with keys are sent it encrypted. All are
/// behind one socket, at addresses of their own.
final class RtpLoad implements AutoCloseable {
    static final int PORT = 5066;
    static final String CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80"
            + " inline:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5\r\n";
    private static final int PAYLOAD = 160, PACE_MILLIS = 20;

    private final Datagrams socket;
    private final List<Integer> ports;
    private final LongAdder heard = new LongAdder();
    private int sequence;

    /// @param ports at which the server hears each call
    /// @param first number of the packets: no two packets of a call may have the same
    RtpLoad(List<Integer> ports, int first) throws IOException {
        this.ports = List.copyOf(ports);
        sequence = first;
        socket = Datagrams.open(new InetSocketAddress("0.0.0.0", PORT));
        socket.start(new Datagrams.Receiver() {
            @Override
            public void received(byte[] datagram, Datagrams.Path path) {
                // RTP with its tag: reports do not count.
                if (datagram.length == 12 + PAYLOAD + 10) heard.increment();
            }

            @Override
            public void truncated(Datagrams.Path path) {}
        });
    }

    static InetAddress plain(int call) {
        return address(60, call);
    }

    static InetAddress secure(int call) {
        return address(61, call);
    }

    private static InetAddress address(int side, int call) {
        try {
            return InetAddress.getByAddress(new byte[] {127, (byte) side, (byte) call, 1});
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    static byte[] description(InetAddress at, String protocol, String attributes) {
        String host = at.getHostAddress();
        return ("v=0\r\no=- 1 1 IN IP4 " + host + "\r\ns=-\r\nc=IN IP4 " + host + "\r\nt=0 0\r\nm=audio " + PORT + " "
                        + protocol + " 0\r\na=rtpmap:0 PCMU/8000\r\n" + attributes)
                .getBytes(StandardCharsets.US_ASCII);
    }

    static String port(String sdp) {
        return sdp.replaceFirst("(?s).*m=audio ([0-9]+) .*", "$1");
    }

    /// @param packets of each call
    /// @return how many came out at the other side, of all calls
    long run(int packets) throws InterruptedException, IOException {
        long before = heard.sum(), next = System.nanoTime();
        var server = InetAddress.getByName("127.0.0.1");
        for (int i = 0; i < packets; i++, sequence++) {
            for (int call = 0; call < ports.size(); call++) {
                byte[] packet = ByteBuffer.allocate(12 + PAYLOAD)
                        .put((byte) 0x80)
                        .put((byte) 0)
                        .putShort((short) sequence)
                        .putInt(160 * sequence)
                        .putInt(77 + call)
                        .array();
                socket.send(packet, new Datagrams.Path(plain(call), new InetSocketAddress(server, ports.get(call))));
            }
            next += PACE_MILLIS * 1_000_000L;
            Thread.sleep(Math.max(0, (next - System.nanoTime()) / 1_000_000));
        }
        Thread.sleep(500);
        return heard.sum() - before;
    }

    @Override
    public void close() {
        socket.close();
    }
}
