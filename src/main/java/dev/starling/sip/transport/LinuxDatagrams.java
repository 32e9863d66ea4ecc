package dev.starling.sip.transport;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Datagrams by `recvmmsg` and `sendmmsg`: one platform thread reads; what is sent while it hands on a batch, by
/// whomever, leaves in one call after it, so that a busy socket needs few calls. Otherwise what is sent leaves at once,
/// without waiting, so virtual threads may send too.
final class LinuxDatagrams implements Datagrams {
    private static final System.Logger LOG = System.getLogger("starling.sip");
    private static final int BATCH = 32, BUFFER_BYTES = 4 << 20, MAX_FAILURES = 100;
    private static final Duration STOP = Duration.ofSeconds(5);

    /// Whose structures [MessageSlots] has.
    private static final Set<String> ARCHITECTURES = Set.of("amd64", "aarch64");

    private final Arena arena = Arena.ofShared();
    private final MemorySegment readErrors, sendErrors;
    private final int fd;
    private final InetSocketAddress address;
    private final MessageSlots in, out;

    /// Of `out`, `queued`, `sendErrors` and the end of `arena`.
    private final ReentrantLock sending = new ReentrantLock();
    private final CountDownLatch ended = new CountDownLatch(1);
    private int queued;
    private boolean gone;

    /// The reader hands on a batch, and will send what is queued after it.
    private boolean handing;

    private volatile @Nullable Thread reader;
    private volatile boolean started, closed;

    private LinuxDatagrams(InetSocketAddress wanted, int longest) throws IOException {
        boolean six = wanted.getAddress() instanceof Inet6Address;
        readErrors = LinuxSockets.errors(arena);
        sendErrors = LinuxSockets.errors(arena);
        fd = LinuxSockets.socket(readErrors, six ? LinuxSockets.AF_INET6 : LinuxSockets.AF_INET);
        if (fd < 0) throw failure("socket");
        // One family for each socket: addresses are never of the mixed kind.
        if (six) set(LinuxSockets.IPPROTO_IPV6, LinuxSockets.IPV6_V6ONLY, 1);
        if (wanted.getAddress().isAnyLocalAddress())
            set(
                    six ? LinuxSockets.IPPROTO_IPV6 : LinuxSockets.IPPROTO_IP,
                    six ? LinuxSockets.IPV6_RECVPKTINFO : LinuxSockets.IP_PKTINFO,
                    1);
        // Beyond what the system allows everybody, when we may.
        if (!trySet(LinuxSockets.SO_RCVBUFFORCE)) set(LinuxSockets.SOL_SOCKET, LinuxSockets.SO_RCVBUF, BUFFER_BYTES);
        if (!trySet(LinuxSockets.SO_SNDBUFFORCE)) set(LinuxSockets.SOL_SOCKET, LinuxSockets.SO_SNDBUF, BUFFER_BYTES);
        MemorySegment name = MessageSlots.allocate(arena, wanted, six);
        if (LinuxSockets.bind(readErrors, fd, name) < 0) throw failure("bind to " + wanted);
        MemorySegment length = arena.allocateFrom(JAVA_INT, (int) name.byteSize());
        if (LinuxSockets.getsockname(readErrors, fd, name, length) < 0) throw failure("getsockname");
        address = new InetSocketAddress(
                wanted.getAddress(), MessageSlots.address(name, six).getPort());
        in = new MessageSlots(arena, BATCH, longest, six);
        out = new MessageSlots(arena, BATCH, MAX_BYTES, six);
    }

    /// Whether the system has these calls and this program may use them.
    static boolean isPossible() {
        return System.getProperty("os.name").equals("Linux")
                && ARCHITECTURES.contains(System.getProperty("os.arch"))
                && LinuxDatagrams.class.getModule().isNativeAccessEnabled()
                && Linker.nativeLinker().defaultLookup().find("recvmmsg").isPresent();
    }

    static LinuxDatagrams bind(InetSocketAddress address) throws IOException {
        return bind(address, MAX_BYTES);
    }

    /// @param longest datagrams with more bytes are dropped
    static LinuxDatagrams bind(InetSocketAddress address, int longest) throws IOException {
        return new LinuxDatagrams(address, longest);
    }

    private IOException failure(String what) {
        int errno = LinuxSockets.errno(readErrors);
        if (fd >= 0) LinuxSockets.close(readErrors, fd);
        arena.close();
        return new IOException(what + ": errno " + errno);
    }

    private void set(int level, int option, int value) throws IOException {
        if (LinuxSockets.setsockopt(readErrors, fd, level, option, arena.allocateFrom(JAVA_INT, value)) < 0)
            throw failure("setsockopt " + level + " " + option);
    }

    private boolean trySet(int option) {
        MemorySegment value = arena.allocateFrom(JAVA_INT, BUFFER_BYTES);
        return LinuxSockets.setsockopt(readErrors, fd, LinuxSockets.SOL_SOCKET, option, value) == 0;
    }

    @Override
    public void start(Receiver receiver) {
        started = true;
        // A platform thread: the call that waits would hold the carrier of a virtual one.
        Thread.ofPlatform().daemon().name("sip-udp").start(() -> {
            reader = Thread.currentThread();
            try {
                run(receiver);
            } finally {
                free();
            }
        });
    }

    private void run(Receiver receiver) {
        int failures = 0;
        while (!closed && failures < MAX_FAILURES) {
            int count = LinuxSockets.recvmmsg(readErrors, fd, in.headers(0), in.count);
            if (count < 0) {
                failures += LinuxSockets.errno(readErrors) == LinuxSockets.EINTR ? 0 : 1;
                continue;
            }
            failures = 0;
            handing(count > 1);
            hand(count, receiver);
        }
        if (!closed) LOG.log(System.Logger.Level.ERROR, "UDP ends: errno {0}", LinuxSockets.errno(readErrors));
    }

    private void hand(int count, Receiver receiver) {
        if (count > 1) receiver.handing(true);
        try {
            for (int i = 0; i < count && !closed; i++) take(i, receiver);
            for (int i = 0; i < count; i++) in.clear(i);
            flush();
        } finally {
            // Also when this thread ends of an error: what came by other ways must not wait for it.
            if (count > 1) receiver.handing(false);
        }
    }

    private void take(int i, Receiver receiver) {
        try {
            if (in.received(i) == 0) return;
            Path path = in.path(i, address.getAddress());
            if (in.isTruncated(i)) receiver.truncated(path);
            else receiver.received(in.datagram(i), path);
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "a defect, in taking a datagram", e);
        }
    }

    @Override
    public boolean send(byte[] datagram, Path path) {
        boolean otherFamily =
                path.remote().getAddress() instanceof Inet6Address != address.getAddress() instanceof Inet6Address;
        // The system refuses port 0, and with it what stands behind it in a batch.
        if (datagram.length > out.longest() || otherFamily || path.remote().getPort() == 0) return false;
        sending.lock();
        try {
            if (gone) return false;
            out.fill(queued++, datagram, path, address.getAddress());
            return (queued < out.count && (handing || isReader())) || flushed();
        } finally {
            sending.unlock();
        }
    }

    private boolean isReader() {
        return Thread.currentThread().equals(reader);
    }

    private void handing(boolean now) {
        sending.lock();
        try {
            handing = now;
        } finally {
            sending.unlock();
        }
    }

    private void flush() {
        sending.lock();
        try {
            handing = false;
            if (!gone) flushed();
        } finally {
            sending.unlock();
        }
    }

    /// `sendmmsg` stops at the first datagram that it cannot send: that one is skipped, the others go. False when one
    /// was.
    private boolean flushed() {
        boolean all = true;
        for (int at = 0; at < queued; ) {
            int sent = LinuxSockets.sendmmsg(sendErrors, fd, out.headers(at), queued - at);
            if (sent > 0) at += sent;
            else if (LinuxSockets.errno(sendErrors) != LinuxSockets.EINTR) {
                int errno = LinuxSockets.errno(sendErrors);
                LOG.log(System.Logger.Level.DEBUG, () -> "UDP, a datagram cannot be sent: errno " + errno);
                all = false;
                at++;
            }
        }
        queued = 0;
        return all;
    }

    @Override
    public InetSocketAddress address() {
        return address;
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        if (!started) {
            free();
            return;
        }
        sending.lock();
        try {
            if (!gone) LinuxSockets.shutdown(sendErrors, fd);
        } finally {
            sending.unlock();
        }
        if (isReader()) return;
        try {
            if (!ended.await(STOP.toMillis(), TimeUnit.MILLISECONDS))
                LOG.log(System.Logger.Level.WARNING, "UDP is still busy with a datagram");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void free() {
        sending.lock();
        try {
            gone = true;
            LinuxSockets.close(sendErrors, fd);
            arena.close();
        } finally {
            sending.unlock();
            ended.countDown();
        }
    }
}
