package dev.starling.nat.ice;

import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Optional;

/// A candidate pair of the checklist: RFC 8445, section 6.1.2. The local candidate is one of the bases.
final class Pair {
    enum State {
        WAITING,
        IN_PROGRESS,
        SUCCEEDED,
        FAILED
    }

    /// One request on its way.
    ///
    /// @param controlling the role it was sent in
    record Check(byte[] id, boolean nominates, boolean controlling, int tries, long nextAt) {}

    final Path path;
    final long remotePriority;
    State state = State.WAITING;
    Optional<Check> check = Optional.empty();
    /// The other side, which controls, wants this one.
    boolean isWanted;

    /// Who has our password, or the other side's, is there.
    boolean isProven;

    Pair(Path path, long remotePriority) {
        this.path = path;
        this.remotePriority = remotePriority;
    }

    InetSocketAddress remote() {
        return path.remote();
    }

    boolean awaits(byte[] transactionId) {
        return check.isPresent() && Arrays.equals(check.get().id, transactionId);
    }

    /// RFC 8445, section 6.1.2.3.
    long priority(boolean isControlling, long localPriority) {
        long g = isControlling ? localPriority : remotePriority, d = isControlling ? remotePriority : localPriority;
        return (Math.min(g, d) << 32) + 2 * Math.max(g, d) + (g > d ? 1 : 0);
    }
}
