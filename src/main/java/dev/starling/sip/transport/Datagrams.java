package dev.starling.sip.transport;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// One UDP port of ours. Two back ends with one contract: [LinuxDatagrams] takes and gives many datagrams with one
/// system call, [NioDatagrams] works everywhere.
public interface Datagrams extends AutoCloseable {
    /// What UDP over IPv6 can carry at most; over IPv4 it is 20 bytes less.
    int MAX_BYTES = 65_527;

    /// Where a datagram came from, and which address of ours it was sent to: the answer leaves from there, or a NAT
    /// and many phones drop it.
    record Path(InetAddress local, InetSocketAddress remote) {
        // Asked for each datagram: without what is made for records.
        @Override
        public boolean equals(Object other) {
            return other instanceof Path path && remote.equals(path.remote) && local.equals(path.local);
        }

        @Override
        public int hashCode() {
            return 31 * remote.hashCode() + local.hashCode();
        }
    }

    /// Whoever takes what arrives: on the one thread that reads the socket, so it must not wait for anything.
    interface Receiver {
        void received(byte[] datagram, Path path);

        /// A datagram was longer than can be taken, and is lost.
        void truncated(Path path);

        /// Several that came together are handed on, until the same is said with false.
        default void handing(boolean several) {}
    }

    /// Begins to read, once.
    void start(Receiver receiver);

    /// Never waits. False when the datagram cannot leave: for UDP that is as if it were lost on the way. A local
    /// address that is none of ours any more, or the wildcard, lets the system choose.
    boolean send(byte[] datagram, Path path);

    /// Bound address, with the port that was chosen for 0.
    InetSocketAddress address();

    @Override
    void close();

    /// Binds. The wildcard takes every address of its family that the host has.
    static Datagrams open(InetSocketAddress address) throws IOException {
        return LinuxDatagrams.isPossible() ? LinuxDatagrams.bind(address) : NioDatagrams.bind(address);
    }
}
