package dev.starling.media;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// A phone that speaks plain RTP: one socket, and what it would write into its descriptions.
final class PlainPhone implements AutoCloseable {
    static final InetAddress HERE = InetAddress.getLoopbackAddress();
    private static final int WAIT_MILLIS = 10_000;

    final DatagramSocket rtp;
    Optional<InetSocketAddress> peer = Optional.empty();
    int sequence = 1000;
    int timestamp = 50_000;
    int ssrc = 0x0BADCAFE;

    PlainPhone() throws IOException {
        rtp = new DatagramSocket(new InetSocketAddress(HERE, 0));
        rtp.setSoTimeout(WAIT_MILLIS);
    }

    byte[] offer() {
        return describe("0 8 101", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15");
    }

    /// formats: as in m=; lines: of attributes
    byte[] describe(String formats, String... lines) {
        return ("""
                v=0
                o=phone 1 1 IN IP4 127.0.0.1
                s=-
                c=IN IP4 127.0.0.1
                t=0 0
                m=audio %d RTP/AVP %s
                """.formatted(rtp.getLocalPort(), formats) + String.join("\n", lines) + "\n")
                .replace("\n", "\r\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    static int port(byte[] sdp) {
        var m = Pattern.compile("m=audio (\\d+) ").matcher(text(sdp));
        if (!m.find()) throw new AssertionError("no m= in " + text(sdp));
        return Integer.parseInt(m.group(1));
    }

    static String text(byte[] sdp) {
        return new String(sdp, StandardCharsets.UTF_8);
    }

    /// The other side's description.
    void heard(byte[] sdp) {
        peer = Optional.of(new InetSocketAddress(HERE, port(sdp)));
    }

    void send(int payloadType, byte[] payload) throws IOException {
        byte[] bytes = new byte[12 + payload.length];
        int length = new RtpPacket(false, payloadType, sequence++ & 0xFFFF, timestamp, ssrc, payload).write(bytes);
        timestamp += 160;
        rtp.send(new DatagramPacket(bytes, length, peer.orElseThrow()));
    }

    /// The next packet, or nothing within the time.
    Optional<RtpPacket> receive(int millis) throws IOException {
        rtp.setSoTimeout(millis);
        var in = new DatagramPacket(new byte[2000], 2000);
        try {
            rtp.receive(in);
        } catch (SocketTimeoutException e) {
            return Optional.empty();
        }
        return RtpPacket.parse(in.getData(), in.getLength());
    }

    RtpPacket receive() throws IOException {
        return receive(WAIT_MILLIS).orElseThrow(() -> new AssertionError("nothing came"));
    }

    /// Sends until the other one hears the first packet, as the way may be still in the making; what it heard then.
    RtpPacket reach(PlainPhone other, int payloadType) throws IOException {
        for (int i = 0; i < 500; i++) {
            send(payloadType, payload(i));
            Optional<RtpPacket> heard = other.receive(20);
            if (heard.isPresent()) return heard.get();
        }
        throw new AssertionError("nothing came through");
    }

    static byte[] payload(int number) {
        byte[] payload = new byte[160];
        ByteBuffer.wrap(payload).putInt(number);
        return payload;
    }

    List<RtpPacket> drain(int millis) throws IOException {
        var all = new ArrayList<RtpPacket>();
        for (Optional<RtpPacket> next = receive(millis); next.isPresent(); next = receive(millis)) all.add(next.get());
        return all;
    }

    @Override
    public void close() {
        rtp.close();
    }
}
