package dev.starling.agent;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.locate.LocationService;
import dev.starling.record.Bodies;
import dev.starling.record.Kind;
import dev.starling.record.RecordOpener;
import dev.starling.record.Rendezvous;
import dev.starling.record.Sealed;
import dev.starling.record.SequenceMemory;
import dev.starling.record.SignedRecord;
import dev.starling.sip.transaction.TransactionLayer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/// Takes what people left for this device while it was away, from INBOX (docs/protocols/formats.md, section 6). Whoever
/// knows the friends key may write there: cheap checks first, a bound on what one sender fills, and nothing is believed
/// that would not be believed of a MESSAGE.
final class Letters implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.agent");
    static final int DAYS = 8;

    /// Of each place, in one look.
    private static final Dht.Limits LIMITS = new Dht.Limits(Duration.ofSeconds(20), 2048, 8L << 20);

    /// Values of which is known that they are nothing, or taken.
    private static final int MAX_JUDGED = 20_000;

    /// So many of one sender, and of all in a row, the phone may not take in one look.
    private static final int MAX_REFUSED = 3, MAX_IN_VAIN = 12;
    private static final Duration REST = Duration.ofSeconds(10), LAST = Duration.ofSeconds(1);

    private final Profile us;
    private final LocationService location;
    private final Membership membership;
    private final AgentStore store;
    private final Reception reception;
    private final BooleanSupplier isWanted;
    private final TransactionLayer.Timers timers;
    private final Clock clock;
    private final RecordOpener opener;
    private final Set<DeviceId> judged = new LinkedHashSet<>();
    private boolean isRunning, again, closed;
    private Runnable stop = () -> {};
    private Optional<Thread> thread = Optional.empty();

    /// @param isWanted whether what is left can be shown now
    Letters(
            Profile us,
            LocationService location,
            Membership membership,
            AgentStore store,
            Reception reception,
            BooleanSupplier isWanted,
            TransactionLayer.Timers timers,
            Clock clock) {
        this.us = us;
        this.location = location;
        this.membership = membership;
        this.store = store;
        this.reception = reception;
        this.isWanted = isWanted;
        this.timers = timers;
        this.clock = clock;
        // Every record stands for itself: there is no newest.
        opener = new RecordOpener(location.network(), location.certificates(), SequenceMemory.none(), clock);
    }

    /// Looks, on a thread of its own, and once more if there is a reason meanwhile.
    synchronized void look() {
        stop.run();
        again = true;
        if (isRunning || closed || !isWanted.getAsBoolean()) return;
        isRunning = true;
        thread = Optional.of(Thread.ofVirtual().name("letters").start(this::run));
    }

    private void run() {
        while (isDue()) {
            boolean more = false;
            try {
                more = round();
            } catch (IOException e) {
                if (!closed()) LOG.log(System.Logger.Level.WARNING, "letters are not taken", e);
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, "a defect, in taking letters", e);
            }
            if (more) laterAgain();
        }
    }

    private synchronized boolean isDue() {
        isRunning = again && !closed;
        again = false;
        return isRunning;
    }

    private synchronized void laterAgain() {
        stop.run();
        if (!closed) stop = timers.after(REST, this::look);
    }

    /// Whether more lies there that is to be looked at soon.
    private boolean round() throws IOException {
        var pile = new Pile();
        for (Rendezvous place : places()) read(place, pile);
        var refused = new HashMap<Address, Integer>();
        int inVain = 0;
        boolean taken = false;
        for (Pile.Letter letter : pile.inTurn()) {
            Address from = letter.record().address();
            if (closed() || !isWanted.getAsBoolean() || inVain > MAX_IN_VAIN) return false;
            if (refused.getOrDefault(from, 0) >= MAX_REFUSED) continue;
            switch (taken(letter)) {
                case TAKEN, REFUSED -> {
                    judge(letter.value());
                    taken = true;
                    inVain = 0;
                }
                case UNDECIDED -> {}
                // What the phone does not take of one keeps back nobody else's.
                case NOT_SHOWN -> {
                    refused.merge(from, 1, Integer::sum);
                    inVain++;
                }
            }
        }
        return taken && pile.isOverfull();
    }

    /// Where letters may lie that still count: of eight days, and of tomorrow from 23:00 UTC, under each key that is
    /// read.
    List<Rendezvous> places() throws IOException {
        Instant now = clock.instant();
        var days = new LinkedHashSet<LocalDate>();
        for (int i = 0; i < DAYS; i++) days.add(day(now.minus(Duration.ofDays(i))));
        days.add(day(now.plus(Duration.ofHours(1))));
        var all = new ArrayList<Rendezvous>();
        for (byte[] key : membership.readableKeys()) {
            var master = Rendezvous.Master.ofFriendsKey(key);
            for (LocalDate day : days) all.add(master.at(Kind.INBOX, day));
        }
        return all;
    }

    private static LocalDate day(Instant at) {
        return at.atOffset(ZoneOffset.UTC).toLocalDate();
    }

    private void read(Rendezvous place, Pile pile) {
        try {
            var _ = location.dht().lookup(place.hexKey(), LIMITS, value -> {
                DeviceId name = DeviceId.of(DeviceId.sha256(value.data()));
                if (!isJudged(name) && !cheap(place, value.data(), name, pile)) judge(name);
                return closed();
            });
        } catch (DhtException e) {
            LOG.log(System.Logger.Level.INFO, () -> us.address() + ": letters cannot be read: " + e.getMessage());
        }
    }

    /// Everything that costs no signature. False: it need not be looked at again.
    private boolean cheap(Rendezvous place, byte[] value, DeviceId name, Pile pile) {
        try {
            byte[] bytes = Sealed.open(place, value);
            SignedRecord record = SignedRecord.parse(bytes);
            if (record.kind() != Kind.INBOX || record.body().isEmpty()) return false;
            var inbox = Bodies.Inbox.of(record.body().get());
            if (!inbox.device().equals(us.id()) || record.device().equals(us.id())) return false;
            if (store.hasSeen(record.device(), inbox.message())) return false;
            // Whoever is no contact now may be one later.
            if (reception.mayWrite(record.address())) pile.add(new Pile.Letter(name, record, inbox, bytes));
            return true;
        } catch (IdentityException e) {
            return false;
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "what was seen cannot be read", e);
            return true;
        }
    }

    private Reception.Outcome taken(Pile.Letter letter) throws IOException {
        Address from = letter.record().address();
        try {
            var opened = opener.open(letter.bytes(), Kind.INBOX, from);
            return reception.left(
                    opened.signer(), letter.inbox().message(), letter.inbox().cms());
        } catch (IdentityException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "a letter that is not believed: " + e.reason());
            return e.reason().equals("not-yet") ? Reception.Outcome.UNDECIDED : Reception.Outcome.REFUSED;
        } catch (DhtException e) {
            LOG.log(System.Logger.Level.INFO, () -> "who wrote cannot be looked up: " + e.getMessage());
            return Reception.Outcome.UNDECIDED;
        }
    }

    private synchronized boolean closed() {
        return closed;
    }

    private synchronized boolean isJudged(DeviceId value) {
        return judged.contains(value);
    }

    private synchronized void judge(DeviceId value) {
        judged.add(value);
        if (judged.size() > MAX_JUDGED) judged.remove(judged.iterator().next());
    }

    /// Waits a moment for what is being shown, so that it is not shown again after a restart.
    @Override
    public void close() {
        Optional<Thread> running;
        synchronized (this) {
            closed = true;
            stop.run();
            running = thread;
        }
        try {
            if (running.isPresent()) running.get().join(LAST);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
