package dev.starling.agent;

import dev.starling.dht.DhtException;
import dev.starling.enrol.Enrolment;
import dev.starling.locate.DayChange;
import dev.starling.locate.LocationService;
import dev.starling.sip.transaction.TransactionLayer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.locks.ReentrantLock;

/// Brings the world up to date with a device, and the device with its person's others: publishes, asks to be allowed,
/// reads what they share; again in time, and whenever there is a reason to.
final class Settling implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.agent");
    private static final Duration SOON = Duration.ofSeconds(5), RAREST = Duration.ofMinutes(5);
    private static final Duration ALL_AGAIN = Duration.ofHours(4);

    /// What the device is to its person.
    interface Standings {
        Agent.Standing now();

        void become(Agent.Standing next);

        /// A round was done in which it stands on the list.
        void settled();
    }

    private final UserAgent ua;
    private final Agent.Config config;
    private final LocationService location;
    private final OwnRecords records;
    private final Membership membership;
    private final Sharing sharing;
    private final Post post;
    private final Standings standings;
    private final TransactionLayer.Timers timers;
    private final Clock clock;
    private final ReentrantLock turn = new ReentrantLock(), settling = new ReentrantLock();
    private volatile boolean closed;
    private Runnable stop = () -> {};
    private Duration pause = SOON;
    private Instant placedUntil = Instant.EPOCH, warnAgain = Instant.EPOCH;
    private Optional<byte[]> placedUnder = Optional.empty();

    Settling(
            UserAgent ua,
            Agent.Config config,
            LocationService location,
            OwnRecords records,
            Membership membership,
            Sharing sharing,
            Post post,
            Standings standings,
            TransactionLayer.Timers timers,
            Clock clock) {
        this.ua = ua;
        this.config = config;
        this.location = location;
        this.records = records;
        this.membership = membership;
        this.sharing = sharing;
        this.post = post;
        this.standings = standings;
        this.timers = timers;
        this.clock = clock;
    }

    void soon(Duration after) {
        turn.lock();
        try {
            stop.run();
            if (!closed) stop = timers.after(after, this::settle);
        } finally {
            turn.unlock();
        }
    }

    private void settle() {
        Duration next;
        settling.lock();
        try {
            if (closed || standings.now() == Agent.Standing.REMOVED) return;
            next = settled();
        } catch (DhtException e) {
            LOG.log(
                    System.Logger.Level.INFO,
                    () -> ua.us().address() + ": the store does not answer: " + e.getMessage());
            next = later();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "an agent's records are not written", e);
            next = later();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        } finally {
            settling.unlock();
        }
        soon(next);
    }

    private Duration settled() throws DhtException, IOException, InterruptedException {
        publishPlace();
        if (!(location.find(ua.us().address()) instanceof LocationService.Found found)) return later();
        var lists = OwnLists.of(found, ua.us().id(), config.network());
        var list = lists.ours(membership.admittedBy());
        if (list.isEmpty() || lists.isRevoked()) return unlisted(found, lists);
        if (!membership.isJoined()) return ask(found);
        // However long it asked: what it is let in to is wanted soon.
        if (standings.now() != Agent.Standing.LISTED) pause = SOON;
        standings.become(Agent.Standing.LISTED);
        warnOfTheEnd();
        records.devices(list.get());
        standings.settled();
        // Whoever let us in writes that down some seconds later; what it says meanwhile may come before its grant.
        if (!sharing.read(list.get())) return later();
        pause = SOON;
        Duration left = Duration.between(clock.instant(), placedUntil);
        return left.compareTo(SOON) > 0 ? left : SOON;
    }

    /// Whoever lets us in must be able to reach us. Again with another friends key, after hours, and on a new day.
    private void publishPlace() throws IOException {
        Instant now = clock.instant();
        var key = membership.friendsKey();
        if (now.isBefore(placedUntil) && Sharing.same(key, placedUnder)) return;
        records.certificate();
        records.location(List.of(ua.home().place()), config.capabilities(), key);
        Instant day = DayChange.after(now, new SplittableRandom());
        placedUntil = day.isBefore(now.plus(ALL_AGAIN)) ? day : now.plus(ALL_AGAIN);
        placedUnder = key;
    }

    /// Ever more rarely, until all is well again.
    private Duration later() {
        Duration now = pause;
        Duration doubled = pause.multipliedBy(2);
        pause = doubled.compareTo(RAREST) < 0 ? doubled : RAREST;
        return now;
    }

    /// Once a day, in the last third of its time: nobody but the operator can renew it.
    private void warnOfTheEnd() {
        var leaf = ua.us().device().chain().getFirst();
        Instant now = clock.instant(), end = leaf.getNotAfter().toInstant();
        if (!Enrolment.isDue(leaf, now) || now.isBefore(warnAgain)) return;
        warnAgain = now.plus(Duration.ofDays(1));
        LOG.log(
                System.Logger.Level.WARNING,
                () -> "the certificate of \"" + config.deviceName() + "\" of "
                        + ua.us().address() + " ends in "
                        + Duration.between(now, end).toDays() + " days, " + end
                        + ": then it neither calls nor rings. Renew it: starling phone renew");
    }

    private Duration unlisted(LocationService.Found found, OwnLists lists) throws IOException, InterruptedException {
        if (standings.now() == Agent.Standing.LISTED && (lists.isKnown() || lists.isRevoked())) {
            LOG.log(System.Logger.Level.INFO, ua.us().address() + ": this device was taken off the list");
            standings.become(Agent.Standing.REMOVED);
            records.withdraw(membership.friendsKey());
            membership.leave();
            return ALL_AGAIN;
        }
        return ask(found);
    }

    private Duration ask(LocationService.Found found) throws IOException, InterruptedException {
        var devices = found.verified().stream()
                .filter(device ->
                        !device.id().equals(ua.us().id()) && device.location().isPresent())
                .toList();
        if (!devices.isEmpty())
            post.send(ua.us().address(), devices, membership.request(config.deviceName()), Optional.empty());
        return membership.isToldACode() ? SOON : later();
    }

    @Override
    public void close() {
        turn.lock();
        try {
            closed = true;
            stop.run();
        } finally {
            turn.unlock();
        }
    }
}
