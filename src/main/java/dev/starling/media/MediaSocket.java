package dev.starling.media;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.concurrent.ThreadLocalRandom;

/// A UDP socket of a leg, read by a virtual thread of its own.
final class MediaSocket implements AutoCloseable {
    /// Larger ones are no packets of sound.
    static final int MAX_PACKET_BYTES = 1500;

    private static final int PORTS_TRIED = 64;
    /// In a row, after which a socket is of no use any more.
    private static final int MAX_FAILURES = 100;

    private static final System.Logger LOG = System.getLogger(MediaSocket.class.getName());

    interface Receiver {
        /// packet: valid only until it returns, with room behind its length; length may be one over the largest
        void received(InetSocketAddress from, byte[] packet, int length);
    }

    private final DatagramChannel channel;
    private final ByteBuffer out = ByteBuffer.allocateDirect(MAX_PACKET_BYTES + SrtpSender.ROOM_BYTES);

    private MediaSocket(DatagramChannel channel) {
        this.channel = channel;
    }

    private static MediaSocket at(InetAddress address, int port) throws IOException {
        var channel = DatagramChannel.open(
                address instanceof Inet6Address ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET);
        try {
            channel.bind(new InetSocketAddress(address, port));
            return new MediaSocket(channel);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /// At a free port of the range, drawn, so that nobody guesses where the next one is.
    static MediaSocket open(InetAddress address, PortRange range) throws IOException {
        for (int i = 0; i < PORTS_TRIED; i++) {
            try {
                return at(address, ThreadLocalRandom.current().nextInt(range.first(), range.last() + 1));
            } catch (IOException e) {
                LOG.log(System.Logger.Level.TRACE, "taken", e);
            }
        }
        throw new IOException("no free port in " + range);
    }

    /// At an even port and the next one, for RTP and RTCP: RFC 3550, section 11.
    static MediaSocket[] openPair(InetAddress address, PortRange range) throws IOException {
        for (int i = 0; i < PORTS_TRIED; i++) {
            int even = ThreadLocalRandom.current().nextInt(range.first(), range.last()) + 1 & ~1;
            if (even >= range.last()) continue;
            MediaSocket rtp;
            try {
                rtp = at(address, even);
            } catch (IOException e) {
                continue;
            }
            try {
                return new MediaSocket[] {rtp, at(address, even + 1)};
            } catch (IOException e) {
                rtp.close();
            }
        }
        throw new IOException("no two free ports in " + range);
    }

    void start(Receiver receiver) {
        Thread.ofVirtual().name("media " + port()).start(() -> read(receiver));
    }

    private void read(Receiver receiver) {
        var in = ByteBuffer.allocateDirect(MAX_PACKET_BYTES + 1);
        byte[] packet = new byte[MAX_PACKET_BYTES + 1 + SrtpSender.ROOM_BYTES];
        int failures = 0;
        while (channel.isOpen() && failures < MAX_FAILURES) {
            try {
                in.clear();
                if (!(channel.receive(in) instanceof InetSocketAddress from)) return;
                failures = 0;
                int length = in.flip().remaining();
                in.get(packet, 0, length);
                receiver.received(from, packet, length);
            } catch (IOException e) {
                // Closed; or one datagram could not be had, and the next can.
                failures++;
                LOG.log(System.Logger.Level.TRACE, "not received", e);
            }
        }
    }

    /// False: it could not be sent, as every datagram may be lost.
    synchronized boolean send(byte[] bytes, int length, InetSocketAddress to) {
        try {
            out.clear().put(bytes, 0, length).flip();
            return channel.send(out, to) == length;
        } catch (IOException e) {
            return false;
        }
    }

    int port() {
        return channel.socket().getLocalPort();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "not closed", e);
        }
    }
}
