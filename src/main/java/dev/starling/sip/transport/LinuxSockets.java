package dev.starling.sip.transport;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The system calls of Linux that Java has no names for, as glibc offers them on 64-bit machines. Each takes the
/// segment, made by [#errors], in which it leaves its `errno`: one for each thread.
final class LinuxSockets {
    static final int AF_INET = 2, AF_INET6 = 10, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0x80000;
    static final int SOL_SOCKET = 1, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33;
    static final int IPPROTO_IP = 0, IP_PKTINFO = 8;
    static final int IPPROTO_IPV6 = 41, IPV6_V6ONLY = 26, IPV6_RECVPKTINFO = 49, IPV6_PKTINFO = 50;
    static final int MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_WAITFORONE = 0x10000;
    static final int SHUT_RDWR = 2, EINTR = 4;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout CAPTURED = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURED.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle SOCKET = call("socket", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle BIND = call("bind", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle GETSOCKNAME = call("getsockname", JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle SETSOCKOPT = call("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle RECVMMSG = call("recvmmsg", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle SENDMMSG = call("sendmmsg", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle SHUTDOWN = call("shutdown", JAVA_INT, JAVA_INT);
    private static final MethodHandle CLOSE = call("close", JAVA_INT);

    private LinuxSockets() {}

    // Not `critical`: what blocks must not hold up the garbage collector. Restricted: whoever runs this program allows
    // native access, or [LinuxDatagrams#isPossible] says no.
    @SuppressWarnings("restricted")
    private static MethodHandle call(String name, MemoryLayout... parameters) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().find(name).orElseThrow(() -> new UnsatisfiedLinkError(name)),
                FunctionDescriptor.of(JAVA_INT, parameters),
                Linker.Option.captureCallState("errno"));
    }

    static MemorySegment errors(Arena arena) {
        return arena.allocate(CAPTURED);
    }

    static int errno(MemorySegment errors) {
        return (int) ERRNO.get(errors, 0L);
    }

    static int socket(MemorySegment errors, int family) {
        try {
            return (int) SOCKET.invokeExact(errors, family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        } catch (Throwable e) {
            throw defect(e);
        }
    }

    static int bind(MemorySegment errors, int fd, MemorySegment address) {
        try {
            return (int) BIND.invokeExact(errors, fd, address, (int) address.byteSize());
        } catch (Throwable e) {
            throw defect(e);
        }
    }

    static int getsockname(MemorySegment errors, int fd, MemorySegment address, MemorySegment length) {
        try {
            return (int) GETSOCKNAME.invokeExact(errors, fd, address, length);
        } catch (Throwable e) {
            throw defect(e);
        }
    }

    static int setsockopt(MemorySegment errors, int fd, int level, int option, MemorySegment value) {
        try {
            return (int) SETSOCKOPT.invokeExact(errors, fd, level, option, value, (int) value.byteSize());
        } catch (Throwable e) {
            throw defect(e);
        }
    }

    /// Waits for the first datagram, takes what else is there. No time-out: it would be looked at only after a
    /// datagram has come.
    static int recvmmsg(MemorySegment errors, int fd, MemorySegment headers, int count) {
        try {
            return (int) RECVMMSG.invokeExact(errors, fd, headers, count, MSG_WAITFORONE, MemorySegment.NULL);
        } catch (Throwable e) {
            throw defect(e);
        }
    }

    /// Never waits, so that it may be called on a virtual thread.
    static int sendmmsg(MemorySegment errors, int fd, MemorySegment headers, int count) {
        try {
            return (int) SENDMMSG.invokeExact(errors, fd, headers, count, MSG_DONTWAIT);
        } catch (Throwable e) {
            throw defect(e);
        }
    }

    /// Of a socket that is not connected this is an error, and still wakes whoever reads it.
    static void shutdown(MemorySegment errors, int fd) {
        try {
            int _ = (int) SHUTDOWN.invokeExact(errors, fd, SHUT_RDWR);
        } catch (Throwable e) {
            throw defect(e);
        }
    }

    static void close(MemorySegment errors, int fd) {
        try {
            int _ = (int) CLOSE.invokeExact(errors, fd);
        } catch (Throwable e) {
            throw defect(e);
        }
    }

    private static RuntimeException defect(Throwable e) {
        return new IllegalStateException("a system call that should exist", e);
    }
}
