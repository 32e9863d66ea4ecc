package dev.starling.sip.transport;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.starling.sip.transport.Datagrams.Path;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;

/// An array of `struct mmsghdr` with what each points to: a buffer, a socket address and a control message that names
/// our own address (`IP_PKTINFO`, `IPV6_PKTINFO`). Allocated once; pointers are written once. Pages of the long buffers
/// that no datagram ever fills are never touched, so they cost no memory.
final class MessageSlots {
    /// Offsets in `struct mmsghdr`, 64 bytes.
    private static final int NAME = 0, NAME_LENGTH = 8, IOV = 16, IOV_LENGTH = 24, CONTROL = 32, CONTROL_LENGTH = 40;
    private static final int FLAGS = 48, LENGTH = 56, HEADER = 64;

    /// Offsets in `struct cmsghdr`, and what one with an address takes: 16 + 12 or 20, rounded up to 8.
    private static final int LEVEL = 8, TYPE = 12, DATA = 16, CONTROL_FOUR = 32, CONTROL_SIX = 40;
    private static final int NAME_SLOT = 32, CONTROL_SLOT = 64;
    private static final ValueLayout.OfShort NETWORK_SHORT = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);

    final int count;
    private final boolean six;
    private final int bytes;
    private final MemorySegment headers, vectors, buffers, names, controls;

    /// @param bytes the longest datagram of a slot
    MessageSlots(Arena arena, int count, int bytes, boolean six) {
        this.count = count;
        this.six = six;
        this.bytes = bytes;
        headers = arena.allocate((long) count * HEADER, 8);
        vectors = arena.allocate(count * 16L, 8);
        buffers = arena.allocate((long) count * bytes, 8);
        names = arena.allocate((long) count * NAME_SLOT, 8);
        controls = arena.allocate((long) count * CONTROL_SLOT, 8);
        for (int i = 0; i < count; i++) {
            long header = (long) i * HEADER;
            vectors.set(ADDRESS, i * 16L, buffer(i));
            headers.set(ADDRESS, header + NAME, names.asSlice((long) i * NAME_SLOT, NAME_SLOT));
            headers.set(ADDRESS, header + IOV, vectors.asSlice(i * 16L, 16));
            headers.set(JAVA_LONG, header + IOV_LENGTH, 1);
            headers.set(ADDRESS, header + CONTROL, controls.asSlice((long) i * CONTROL_SLOT, CONTROL_SLOT));
            clear(i);
        }
    }

    private MemorySegment buffer(int i) {
        return buffers.asSlice((long) i * bytes, bytes);
    }

    /// From the slot `first` on.
    MemorySegment headers(int first) {
        return headers.asSlice((long) first * HEADER);
    }

    int longest() {
        return bytes;
    }

    /// Makes the slot ready to receive: the system writes back how much it used.
    void clear(int i) {
        vectors.set(JAVA_LONG, i * 16L + 8, bytes);
        headers.set(JAVA_INT, (long) i * HEADER + NAME_LENGTH, nameLength());
        headers.set(JAVA_LONG, (long) i * HEADER + CONTROL_LENGTH, CONTROL_SLOT);
        headers.set(JAVA_INT, (long) i * HEADER + FLAGS, 0);
    }

    boolean isTruncated(int i) {
        return (headers.get(JAVA_INT, (long) i * HEADER + FLAGS) & LinuxSockets.MSG_TRUNC) != 0;
    }

    /// 0 after a shutdown, when there is no sender either.
    int received(int i) {
        return headers.get(JAVA_INT, (long) i * HEADER + NAME_LENGTH) == 0
                ? 0
                : headers.get(JAVA_INT, (long) i * HEADER + LENGTH);
    }

    byte[] datagram(int i) {
        byte[] datagram = new byte[received(i)];
        MemorySegment.copy(buffers, JAVA_BYTE, (long) i * bytes, datagram, 0, datagram.length);
        return datagram;
    }

    Path path(int i, InetAddress bound) {
        InetSocketAddress remote = address(names, (long) i * NAME_SLOT, six);
        if (!bound.isAnyLocalAddress()) return new Path(bound, remote);
        long control = (long) i * CONTROL_SLOT;
        boolean told = headers.get(JAVA_LONG, (long) i * HEADER + CONTROL_LENGTH) >= (six ? 36 : 28)
                && controls.get(JAVA_INT, control + TYPE)
                        == (six ? LinuxSockets.IPV6_PKTINFO : LinuxSockets.IP_PKTINFO);
        if (!told) return new Path(bound, remote);
        // struct in_pktinfo: the address to answer from, not the one in the datagram, which may be a broadcast.
        long at = control + DATA + (six ? 0 : 4);
        byte[] raw = controls.asSlice(at, six ? 16 : 4).toArray(JAVA_BYTE);
        int scope = six ? controls.get(JAVA_INT, control + DATA + 16) : 0;
        return new Path(inet(raw, scope), remote);
    }

    /// Makes the slot ready to send. `local` is left to the system when it is the wildcard.
    void fill(int i, byte[] datagram, Path path, InetAddress bound) {
        MemorySegment.copy(datagram, 0, buffers, JAVA_BYTE, (long) i * bytes, datagram.length);
        vectors.set(JAVA_LONG, i * 16L + 8, datagram.length);
        write(names, (long) i * NAME_SLOT, path.remote(), six);
        headers.set(JAVA_INT, (long) i * HEADER + NAME_LENGTH, nameLength());
        headers.set(JAVA_INT, (long) i * HEADER + FLAGS, 0);
        boolean chosen = bound.isAnyLocalAddress()
                && !path.local().isAnyLocalAddress()
                && path.local() instanceof Inet6Address == six;
        headers.set(JAVA_LONG, (long) i * HEADER + CONTROL_LENGTH, chosen ? (six ? CONTROL_SIX : CONTROL_FOUR) : 0);
        if (chosen) control(controls.asSlice((long) i * CONTROL_SLOT, CONTROL_SLOT), path.local());
    }

    private void control(MemorySegment control, InetAddress local) {
        control.fill((byte) 0);
        byte[] raw = local.getAddress();
        control.set(JAVA_LONG, 0, six ? 36 : 28);
        control.set(JAVA_INT, LEVEL, six ? LinuxSockets.IPPROTO_IPV6 : LinuxSockets.IPPROTO_IP);
        control.set(JAVA_INT, TYPE, six ? LinuxSockets.IPV6_PKTINFO : LinuxSockets.IP_PKTINFO);
        MemorySegment.copy(raw, 0, control, JAVA_BYTE, DATA + (six ? 0 : 4), raw.length);
        // A link-local address means nothing without its interface.
        if (local instanceof Inet6Address inner && local.isLinkLocalAddress())
            control.set(JAVA_INT, DATA + 16, inner.getScopeId());
    }

    private int nameLength() {
        return six ? 28 : 16;
    }

    static MemorySegment allocate(Arena arena, InetSocketAddress address, boolean six) {
        MemorySegment name = arena.allocate(six ? 28 : 16, 8);
        write(name, 0, address, six);
        return name;
    }

    /// `struct sockaddr_in` or `sockaddr_in6` at `at`; what it has beside family, port, address and scope stays 0, as
    /// it was allocated and as the system writes it.
    private static void write(MemorySegment names, long at, InetSocketAddress address, boolean six) {
        byte[] raw = address.getAddress().getAddress();
        if (raw.length != (six ? 16 : 4)) throw new IllegalArgumentException("an address of the other family");
        names.set(ValueLayout.JAVA_SHORT, at, (short) (six ? LinuxSockets.AF_INET6 : LinuxSockets.AF_INET));
        names.set(NETWORK_SHORT, at + 2, (short) address.getPort());
        MemorySegment.copy(raw, 0, names, JAVA_BYTE, at + (six ? 8 : 4), raw.length);
        if (six)
            names.set(JAVA_INT, at + 24, address.getAddress() instanceof Inet6Address inner ? inner.getScopeId() : 0);
    }

    static InetSocketAddress address(MemorySegment name, boolean six) {
        return address(name, 0, six);
    }

    private static InetSocketAddress address(MemorySegment names, long at, boolean six) {
        byte[] raw = new byte[six ? 16 : 4];
        MemorySegment.copy(names, JAVA_BYTE, at + (six ? 8 : 4), raw, 0, raw.length);
        int port = Short.toUnsignedInt(names.get(NETWORK_SHORT, at + 2));
        return new InetSocketAddress(inet(raw, six ? names.get(JAVA_INT, at + 24) : 0), port);
    }

    private static InetAddress inet(byte[] raw, int scope) {
        try {
            InetAddress plain = InetAddress.getByAddress(raw);
            return plain.isLinkLocalAddress() && raw.length == 16 ? Inet6Address.getByAddress("", raw, scope) : plain;
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }
}
