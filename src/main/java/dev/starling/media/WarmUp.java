package dev.starling.media;

import dev.starling.sdp.Attribute;
import dev.starling.sdp.Codec;
import dev.starling.sdp.Direction;
import dev.starling.sdp.Host;
import dev.starling.sdp.MediaDescription;
import dev.starling.sdp.Origin;
import dev.starling.sdp.SessionDescription;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Optional;

/// A call through two bridges on this host, by which the JVM loads and compiles what the first real one needs.
final class WarmUp {
    private static final System.Logger LOG = System.getLogger(WarmUp.class.getName());
    private static final int TRIES = 500, TRY_MILLIS = 20;

    private WarmUp() {}

    static boolean run(MediaConfig config) {
        InetAddress at = config.addresses().getFirst();
        try (var one = new Bridges(config);
                var two = new Bridges(config);
                var phone = new DatagramSocket(new InetSocketAddress(at, 0))) {
            byte[] words = describe(at, phone.getLocalPort());
            Bridge out = one.fromPhone(new Phone("", at, false), words);
            WebLeg web = out.newWebLeg();
            Bridge in = two.fromWeb("", web.offer());
            PhoneLeg ring = in.newPhoneLeg(new Phone("", at, false));
            ring.answered(words);
            in.keep(ring);
            web.answered(in.answer());
            out.keep(web);
            out.answer();
            phone.setSoTimeout(TRY_MILLIS);
            return ring(phone, new InetSocketAddress(at, out.caller().port()));
        } catch (IOException | MediaException e) {
            LOG.log(System.Logger.Level.DEBUG, "not warm", e);
            return false;
        }
    }

    /// Until it hears itself.
    private static boolean ring(DatagramSocket phone, InetSocketAddress to) throws IOException {
        byte[] packet = new byte[MediaSocket.MAX_PACKET_BYTES];
        for (int i = 0; i < TRIES; i++) {
            int length = new RtpPacket(false, Codec.PCMU.payloadType(), i, 160 * i, 1, new byte[160]).write(packet);
            phone.send(new DatagramPacket(packet, length, to));
            try {
                phone.receive(new DatagramPacket(packet, packet.length));
                return true;
            } catch (SocketTimeoutException e) {
                LOG.log(System.Logger.Level.TRACE, "not yet", e);
            }
        }
        return false;
    }

    private static byte[] describe(InetAddress at, int port) {
        List<Attribute> attributes = Sound.attributes(List.of(Codec.PCMU), Direction.SENDRECV, Optional.empty());
        var line = new MediaDescription("audio", port, "RTP/AVP", List.of("0"), Optional.of(Host.of(at)), attributes);
        return new SessionDescription(new Origin(1, 1, Host.of(at)), Optional.empty(), List.of(), List.of(line))
                .bytes();
    }
}
