package dev.starling.nat.ice;

import dev.starling.nat.stun.Attribute;
import dev.starling.nat.stun.StunClass;
import dev.starling.nat.stun.StunException;
import dev.starling.nat.stun.StunMessage;
import dev.starling.nat.stun.StunWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/// One ICE agent for one component, as rtcp-mux and one medium leave it: RFC 8445. It gathers nothing but its bases (a
/// host that everybody reaches needs no more), checks, answers checks, takes and makes nominations, and looks after
/// consent (RFC 7675). It takes what happened with the time, and says what to do; it has no socket, thread or clock.
///
/// Departs from RFC 8445, section 6.1.2.6: no pair is frozen, because with one medium there is nothing to learn from
/// another. Nothing is sent to an address that `mayReach` refuses, however it came to be known: a description can name
/// any address, and nobody must make this host knock at its own network's doors.
public final class IceAgent {
    /// What to do. Usable: packets may go this way already (section 12.1); Selected: this way, until another is.
    public sealed interface Action {
        record Send(Path path, byte[] bytes) implements Action {}

        record Usable(Path path) implements Action {}

        record Selected(Path path) implements Action {}

        record Failed(String why) implements Action {}
    }

    /// @param maxRemotes remote candidates that are named, and as many that are seen in checks; more are passed over
    /// @param setupMillis how long until a pair is selected
    public record Limits(int maxRemotes, long setupMillis) {}

    static final int BINDING = 1;
    private static final int MAX_PAIRS = 64;
    private static final int MAX_USERNAME_BYTES = 513;
    private static final long PACE_MILLIS = 50;
    private static final long FIRST_RETRY_MILLIS = 250, MAX_RETRY_MILLIS = 2_000;
    private static final int MAX_TRIES = 12;
    private static final long CONSENT_MILLIS = 5_000, CONSENT_LOST_MILLIS = 30_000;
    private static final int HOST = 126, PEER_REFLEXIVE = 110;
    private static final Set<Integer> UNDERSTOOD =
            Set.of(Attribute.USERNAME, Attribute.MESSAGE_INTEGRITY, Attribute.PRIORITY, Attribute.USE_CANDIDATE);

    private final List<InetAddress> bases;
    private final Credentials local;
    private final Limits limits;
    private final Predicate<InetAddress> mayReach;
    private final RandomGenerator random;
    private final long tieBreaker;
    private final List<Pair> pairs = new ArrayList<>();
    private final Deque<Pair> triggered = new ArrayDeque<>();
    private final List<InetSocketAddress> remotes = new ArrayList<>();
    private Optional<Credentials> remote = Optional.empty();
    private Optional<Pair> selected = Optional.empty();
    private boolean isControlling;
    private boolean isUsable;
    private boolean isOver;
    private long startedAt = -1;
    private long nextCheckAt;
    private long consentAt, nextConsentAt;

    /// @param bases the addresses that others see, one for each socket
    /// @param isControlling whether ours was the offer: section 6.1.1
    public IceAgent(
            List<InetAddress> bases,
            Credentials local,
            boolean isControlling,
            Limits limits,
            Predicate<InetAddress> mayReach,
            RandomGenerator random) {
        this.bases = List.copyOf(bases);
        this.local = local;
        this.isControlling = isControlling;
        this.limits = limits;
        this.mayReach = mayReach;
        this.random = random;
        this.tieBreaker = random.nextLong();
    }

    public Credentials local() {
        return local;
    }

    /// Of a host candidate, for the description: section 5.1.2.1.
    public long priority(int base) {
        return priority(HOST, base);
    }

    private static long priority(int preference, int base) {
        return (long) preference << 24 | (65_535L - base) << 8 | 255;
    }

    public boolean isSelected() {
        return selected.isPresent();
    }

    /// Whether the other side showed itself there: by an authentic request or answer.
    public boolean isProven(Path path) {
        return pairs.stream().anyMatch(each -> each.isProven && each.path.equals(path));
    }

    /// Begins to check. isLite: the other side only answers, and so does not control (section 6.1.1).
    public void start(Credentials of, boolean isLite, long now) {
        remote = Optional.of(of);
        if (isLite) isControlling = true;
        startedAt = now;
        nextCheckAt = now;
    }

    /// A candidate that the other side named, at once or later. False: of no use here.
    public boolean add(InetSocketAddress address, long priority) {
        return know(address, priority, limits.maxRemotes());
    }

    private boolean know(InetSocketAddress address, long priority, int most) {
        if (remotes.contains(address)) return true;
        if (remotes.size() >= most || !mayReach.test(address.getAddress())) return false;
        remotes.add(address);
        for (int base = 0; base < bases.size() && pairs.size() < MAX_PAIRS; base++)
            if (bases.get(base).getAddress().length == address.getAddress().getAddress().length)
                pairs.add(new Pair(new Path(base, address), priority));
        return true;
    }

    /// When something is due at the latest, in the same milliseconds.
    public long nextAt() {
        if (isOver || startedAt < 0) return Long.MAX_VALUE;
        if (selected.isPresent())
            return Math.min(nextConsentAt, Math.min(retryAt(), triggered.isEmpty() ? Long.MAX_VALUE : nextCheckAt));
        boolean hasMore = !triggered.isEmpty() || pairs.stream().anyMatch(each -> each.state == Pair.State.WAITING);
        return Math.min(startedAt + limits.setupMillis(), Math.min(retryAt(), hasMore ? nextCheckAt : Long.MAX_VALUE));
    }

    private long retryAt() {
        return pairs.stream()
                .flatMap(each -> each.check.stream())
                .mapToLong(Pair.Check::nextAt)
                .min()
                .orElse(Long.MAX_VALUE);
    }

    /// Time went by.
    public List<Action> tick(long now) {
        var todo = new ArrayList<Action>();
        if (isOver || startedAt < 0) return todo;
        if (selected.isEmpty() && now >= startedAt + limits.setupMillis()) {
            isOver = true;
            todo.add(new Action.Failed("no candidate pair works"));
            return todo;
        }
        if (selected.isPresent()) consent(selected.get(), now, todo);
        for (Pair pair : pairs)
            pair.check.filter(check -> now >= check.nextAt()).ifPresent(check -> retry(pair, check, now, todo));
        nominate(now, todo);
        if (now >= nextCheckAt)
            nextPair().ifPresent(pair -> {
                nextCheckAt = now + PACE_MILLIS;
                check(pair, pair.state == Pair.State.SUCCEEDED && isControlling, now, todo);
            });
        return todo;
    }

    /// Section 6.1.4.2: what a check of the other side triggered goes first.
    private Optional<Pair> nextPair() {
        if (!triggered.isEmpty()) return Optional.of(triggered.removeFirst());
        if (selected.isPresent()) return Optional.empty();
        return best(Pair.State.WAITING);
    }

    private void check(Pair pair, boolean nominates, long now, List<Action> todo) {
        byte[] id = new byte[StunMessage.TRANSACTION_ID_BYTES];
        random.nextBytes(id);
        if (pair.state != Pair.State.SUCCEEDED) pair.state = Pair.State.IN_PROGRESS;
        send(pair, new Pair.Check(id, nominates, isControlling, 1, now + FIRST_RETRY_MILLIS), todo);
    }

    private void retry(Pair pair, Pair.Check check, long now, List<Action> todo) {
        if (check.tries() >= MAX_TRIES) {
            pair.check = Optional.empty();
            if (selected.isEmpty() || selected.get() != pair) pair.state = Pair.State.FAILED;
            return;
        }
        long wait = Math.min(MAX_RETRY_MILLIS, FIRST_RETRY_MILLIS << check.tries());
        send(
                pair,
                new Pair.Check(check.id(), check.nominates(), check.controlling(), check.tries() + 1, now + wait),
                todo);
    }

    private void send(Pair pair, Pair.Check check, List<Action> todo) {
        Credentials theirs = remote.orElseThrow();
        pair.check = Optional.of(check);
        byte[] tie = ByteBuffer.allocate(8).putLong(tieBreaker).array();
        var request = new StunWriter(BINDING, StunClass.REQUEST, check.id())
                .put(Attribute.USERNAME, theirs.ufrag() + ":" + local.ufrag())
                .put(Attribute.PRIORITY, priority(PEER_REFLEXIVE, pair.path.base()))
                .put(check.controlling() ? Attribute.ICE_CONTROLLING : Attribute.ICE_CONTROLLED, tie);
        if (check.nominates()) request.put(Attribute.USE_CANDIDATE, new byte[0]);
        todo.add(new Action.Send(
                pair.path, request.protect(theirs.key()).fingerprint().bytes()));
    }

    /// RFC 7675, section 5.1: asked about every five seconds, lost after thirty.
    private void consent(Pair pair, long now, List<Action> todo) {
        if (now >= consentAt + CONSENT_LOST_MILLIS) {
            isOver = true;
            todo.add(new Action.Failed("the other side does not answer any more"));
        } else if (now >= nextConsentAt) {
            nextConsentAt = now + CONSENT_MILLIS * 4 / 5 + random.nextLong(CONSENT_MILLIS * 2 / 5);
            check(pair, isControlling, now, todo);
            // Once only each: the next one is due before a second try would help.
            pair.check = pair.check.map(
                    sent -> new Pair.Check(sent.id(), sent.nominates(), sent.controlling(), MAX_TRIES, nextConsentAt));
        }
    }

    /// A datagram that StunMessage.isStun.
    public List<Action> received(Path from, byte[] bytes, long now) {
        var todo = new ArrayList<Action>();
        if (isOver) return todo;
        try {
            StunMessage message = StunMessage.parse(bytes);
            if (message.method() != BINDING) return todo;
            switch (message.kind()) {
                case REQUEST -> request(from, message, now, todo);
                case SUCCESS, ERROR -> answer(from, message, now, todo);
                case INDICATION -> {} // Keeps a binding open: RFC 8445, section 11.
            }
        } catch (StunException e) {
            todo.clear(); // Whoever sends such things gets nothing.
        }
        return todo;
    }

    /// Section 7.3. Without our password there is no answer, so nobody finds us by asking.
    private void request(Path from, StunMessage request, long now, List<Action> todo) throws StunException {
        String user = request.text(Attribute.USERNAME, MAX_USERNAME_BYTES).orElse("");
        boolean isForUs = user.startsWith(local.ufrag() + ":")
                && (remote.isEmpty()
                        || user.equals(local.ufrag() + ":" + remote.get().ufrag()));
        if (!isForUs
                || !request.isIntact(local.key())
                || !mayReach.test(from.remote().getAddress())) return;
        List<Integer> strange = request.notUnderstood(UNDERSTOOD);
        if (!strange.isEmpty()) {
            reply(
                    from,
                    StunWriter.answer(request, StunClass.ERROR)
                            .putError(420, "Unknown Attribute")
                            .putUnknown(strange),
                    todo);
            return;
        }
        if (isInConflict(request)) {
            reply(from, StunWriter.answer(request, StunClass.ERROR).putError(487, "Role Conflict"), todo);
            return;
        }
        reply(
                from,
                StunWriter.answer(request, StunClass.SUCCESS).putXor(Attribute.XOR_MAPPED_ADDRESS, from.remote()),
                todo);
        // As many again as were named: where the checks come from is what counts.
        know(from.remote(), request.number(Attribute.PRIORITY).orElse(1L), 2 * limits.maxRemotes());
        Optional<Pair> pair =
                pairs.stream().filter(each -> each.path.equals(from)).findFirst();
        if (pair.isPresent()) checked(pair.get(), request.has(Attribute.USE_CANDIDATE), now, todo);
    }

    private void reply(Path to, StunWriter answer, List<Action> todo) {
        todo.add(new Action.Send(to, answer.protect(local.key()).fingerprint().bytes()));
    }

    /// Section 7.3.1.1. Also changes our role where that is what is to be done.
    private boolean isInConflict(StunMessage request) {
        int same = isControlling ? Attribute.ICE_CONTROLLING : Attribute.ICE_CONTROLLED;
        Optional<byte[]> theirs = request.value(same).filter(each -> each.length == 8);
        if (theirs.isEmpty()) return false;
        boolean isOursLarger =
                Long.compareUnsigned(tieBreaker, ByteBuffer.wrap(theirs.get()).getLong()) >= 0;
        if (isOursLarger == isControlling) return true;
        isControlling = !isControlling;
        return false;
    }

    /// Sections 7.3.1.4 and 7.3.1.5.
    private void checked(Pair pair, boolean isWanted, long now, List<Action> todo) {
        pair.isProven = true;
        if (isWanted && !isControlling) pair.isWanted = true;
        if (pair.state == Pair.State.SUCCEEDED) {
            if (pair.isWanted && isWanted) select(pair, now, todo);
        } else if (pair.check.isPresent()) {
            // Ours met a closed door, perhaps; now it is open.
            retry(pair, pair.check.get(), now, todo);
        } else if (!triggered.contains(pair)) {
            pair.state = Pair.State.WAITING;
            triggered.addLast(pair);
            nextCheckAt = Math.min(nextCheckAt, now);
        }
    }

    /// Section 7.2.5.
    private void answer(Path from, StunMessage answer, long now, List<Action> todo) throws StunException {
        if (remote.isEmpty()) return;
        Optional<Pair> found = pairs.stream()
                .filter(each -> each.awaits(answer.transactionId()))
                .findFirst();
        // Only symmetric ones (7.2.5.2.1), and only from who has the password.
        if (found.isEmpty()
                || !found.get().path.equals(from)
                || !answer.isIntact(remote.get().key())) return;
        Pair pair = found.get();
        Pair.Check check = pair.check.orElseThrow();
        pair.check = Optional.empty();
        if (answer.kind() == StunClass.SUCCESS) succeeded(pair, check, now, todo);
        else if (answer.failure().map(StunMessage.Failure::code).orElse(0) == 487) {
            isControlling = !check.controlling();
            if (!triggered.contains(pair)) triggered.addLast(pair);
        } else if (pair.state == Pair.State.IN_PROGRESS) pair.state = Pair.State.FAILED;
    }

    private void succeeded(Pair pair, Pair.Check check, long now, List<Action> todo) {
        pair.state = Pair.State.SUCCEEDED;
        pair.isProven = true;
        if (selected.isPresent() && selected.get() == pair) consentAt = now;
        if (!isUsable) {
            isUsable = true;
            todo.add(new Action.Usable(pair.path));
        }
        if (check.nominates() || pair.isWanted && !isControlling) select(pair, now, todo);
        else nominate(now, todo);
    }

    /// Section 8.1.1: the best that works by now.
    private void nominate(long now, List<Action> todo) {
        boolean isAlready = pairs.stream()
                .anyMatch(each -> each.check.isPresent() && each.check.get().nominates());
        if (!isControlling || selected.isPresent() || isAlready) return;
        best(Pair.State.SUCCEEDED).ifPresent(pair -> check(pair, true, now, todo));
    }

    private Optional<Pair> best(Pair.State state) {
        return pairs.stream()
                .filter(each -> each.state == state)
                .max(Comparator.comparingLong(each -> each.priority(isControlling, priority(each.path.base()))));
    }

    private void select(Pair pair, long now, List<Action> todo) {
        if (selected.isPresent() && selected.get() == pair) return;
        if (selected.isEmpty()) nextConsentAt = now + CONSENT_MILLIS;
        selected = Optional.of(pair);
        pairs.forEach(each -> each.isWanted = each == pair);
        consentAt = now;
        todo.add(new Action.Selected(pair.path));
    }
}
