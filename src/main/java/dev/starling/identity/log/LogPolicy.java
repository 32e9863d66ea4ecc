package dev.starling.identity.log;

import dev.starling.identity.IdentityException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/// When a head is believed: it is of this log, and so many of these witnesses have cosigned it. With more than half of
/// them, two heads that exclude each other are never both believed, unless a witness lies too.
///
/// @param quorum 0 to the number of witnesses
public record LogPolicy(NoteKey log, List<NoteKey> witnesses, int quorum) {
    public static final int MAX_WITNESSES = 32;

    public LogPolicy {
        witnesses = List.copyOf(witnesses);
        var keys = new HashSet<List<Byte>>();
        for (NoteKey each : witnesses) {
            if (each.kind() != NoteKey.Kind.WITNESS) throw new IllegalArgumentException("not a witness");
            var bytes = new ArrayList<Byte>();
            for (byte b : each.key()) bytes.add(b);
            if (!keys.add(bytes)) throw new IllegalArgumentException("one key counts once");
        }
        if (log.kind() != NoteKey.Kind.LOG) throw new IllegalArgumentException("not a log");
        if (quorum < 0 || quorum > witnesses.size() || witnesses.size() > MAX_WITNESSES)
            throw new IllegalArgumentException("quorum");
    }

    /// Believes `checkpoint`, or refuses it: `wrong-log`; `bad-signature` (of the log or of any of the witnesses);
    /// `not-signed` (by the log); `too-few-witnesses`.
    ///
    /// @return the time at which a quorum of the witnesses still knew no larger head; empty when none is asked
    ///     for
    public Optional<Instant> verify(Checkpoint checkpoint) throws IdentityException {
        if (!checkpoint.origin().equals(log.name())) throw new IdentityException("wrong-log", checkpoint.origin());
        boolean signed = checkpoint.isSignedBy(log);
        var times = new ArrayList<Long>();
        for (NoteKey each : witnesses) checkpoint.cosignedBy(each).ifPresent(times::add);
        if (!signed) throw new IdentityException("not-signed");
        if (times.size() < quorum) throw new IdentityException("too-few-witnesses", times.size() + " of " + quorum);
        if (quorum == 0) return Optional.empty();
        times.sort(Collections.reverseOrder());
        return Optional.of(Instant.ofEpochSecond(times.get(quorum - 1)));
    }
}
