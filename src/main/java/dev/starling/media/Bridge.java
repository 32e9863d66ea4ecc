package dev.starling.media;

import dev.starling.media.Counters.Drop;
import dev.starling.media.MediaException.Reason;
import dev.starling.sdp.Codec;
import dev.starling.sdp.Direction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.function.Consumer;

/// One call through this peer: the caller's leg and one or several to whom it rings, of which one is kept (first answer
/// wins). Packets go from leg to leg with new headers and nothing else new: no clock, no buffer, no codec.
///
/// Its own monitor guards it and its legs; nothing is waited for under it. It is taken before the locks of DTLS, the
/// sockets and the house, never after.
public final class Bridge implements AutoCloseable {
    private static final long REPORT_MILLIS = 5_000;
    private static final int HELD_FACTOR = 20;
    /// Of two sides one: a phone that lost its power says no BYE, and the other side may speak to nobody for ever.
    private static final int ONE_SIDED_FACTOR = 5;

    private record Pending(Leg from, Sound sound, Leg to) {}

    private final Bridges house;
    private final String account;
    private final String name;
    private final Leg caller;
    private final List<Leg> callees = new ArrayList<>();
    private final long since;
    private Optional<Leg> kept = Optional.empty();
    /// Whose sound the caller hears before one is kept: who sent some first.
    private Optional<Leg> early = Optional.empty();
    private Optional<byte[]> answer = Optional.empty();
    private Optional<Pending> pending = Optional.empty();
    private Optional<ScheduledFuture<?>> timer = Optional.empty();
    private Consumer<End> onEnd = _ -> {};
    private Optional<End> end = Optional.empty();

    /// Makes the caller's leg.
    interface Making {
        Leg leg(Bridge bridge) throws MediaException;
    }

    Bridge(Bridges house, String account, Making making, byte[] offer) throws MediaException {
        this.house = house;
        this.account = account;
        name = Long.toHexString(house.random().nextLong());
        since = now();
        caller = making.leg(this);
        try {
            synchronized (this) {
                Sound sound = caller.read(offer);
                Sound.common(sound.codecs(), sound.codecs());
                caller.take(sound, true);
                timer = Optional.of(house.after(REPORT_MILLIS, this::tick));
            }
        } catch (MediaException e) {
            caller.close();
            throw e;
        }
    }

    public Leg caller() {
        return caller;
    }

    /// The one that was kept.
    public synchronized Leg callee() {
        return kept.orElseThrow(() -> new IllegalStateException("nobody answered yet"));
    }

    /// A leg to one device that speaks as browsers do; its offer is ready.
    public synchronized WebLeg newWebLeg() throws MediaException {
        requireRoom();
        return offering(new WebLeg(this, true));
    }

    /// A leg to a phone; its offer is ready.
    public synchronized PhoneLeg newPhoneLeg(Phone phone) throws MediaException {
        requireRoom();
        return offering(new PhoneLeg(this, phone));
    }

    private void requireRoom() throws MediaException {
        if (isOver()) throw new MediaException(Reason.ENDED, "the bridge is over");
        callees.removeIf(Leg::isClosed);
        if (callees.size() >= house.config().limits().calleeLegs())
            throw new MediaException(Reason.FULL, "too many devices are called");
    }

    private <L extends Leg> L offering(L leg) {
        Sound offered = caller.remote.orElseThrow();
        leg.write(offered.codecs(), offered.direction(), offered.line().attribute("ptime"), true);
        callees.add(leg);
        return leg;
    }

    /// This one answered first: the others are closed. It must have been `answered`.
    public synchronized void keep(Leg leg) throws MediaException {
        leg.requireOpen();
        if (kept.isPresent() && kept.get() != leg || !callees.contains(leg) || leg.remote.isEmpty())
            throw new IllegalStateException("not a leg that could be kept");
        kept = Optional.of(leg);
        for (Leg each : callees) if (each != leg) each.close();
        callees.removeIf(each -> each != leg);
    }

    /// The answer to the caller, of the leg that is kept or else of the first that answered; the same however often it
    /// is asked for, as a dialog has one (RFC 3261, section 13.3.1.4).
    public synchronized byte[] answer() throws MediaException {
        if (isOver()) throw new MediaException(Reason.ENDED, "the bridge is over");
        if (answer.isEmpty()) {
            Leg of = kept.or(() -> callees.stream()
                            .filter(each -> each.remote.isPresent())
                            .findFirst())
                    .orElseThrow(() -> new IllegalStateException("nobody answered"));
            answer = Optional.of(answer(caller, of));
        }
        return answer.get().clone();
    }

    private static byte[] answer(Leg to, Leg of) throws MediaException {
        Sound asked = to.remote.orElseThrow(), answered = of.remote.orElseThrow();
        List<Codec> codecs = Sound.common(asked.codecs(), answered.codecs());
        Direction direction = answered.direction().and(asked.direction().reversed());
        return to.write(codecs, direction, answered.line().attribute("ptime"), false);
    }

    /// A new offer by one side, of a call that is kept: held, let go, another port, new ICE. Until it is answered, the
    /// call goes on as it was.
    public synchronized Reoffer reoffer(Leg from, byte[] sdp) throws MediaException {
        from.requireOpen();
        Leg to = other(from);
        if (pending.isPresent()) throw new MediaException(Reason.PENDING, "another offer is open");
        Sound sound = from.read(sdp);
        List<Codec> codecs = Sound.renumbered(Sound.common(sound.codecs(), sound.codecs()), to.ours);
        if (from.isSameSession(sound)) {
            from.take(sound, true);
            return new Reoffer.Answer(answer(from, to));
        }
        pending = Optional.of(new Pending(from, sound, to));
        return new Reoffer.PassOn(
                to, to.write(codecs, sound.direction(), sound.line().attribute("ptime"), true));
    }

    /// What the other side answered to it; the answer to the one who offered.
    public synchronized byte[] reanswered(byte[] sdp) throws MediaException {
        Pending open = pending.orElseThrow(() -> new IllegalStateException("no offer is open"));
        pending = Optional.empty();
        open.to.requireOpen();
        open.to.take(open.to.read(sdp), false);
        open.from.take(open.sound, true);
        return answer(open.from, open.to);
    }

    /// The other side refused it: everything stays (RFC 3261, section 14.1).
    public synchronized void rejected() {
        pending.ifPresent(open -> open.to.refused());
        pending = Optional.empty();
    }

    /// Our last description to a leg, as an offer anew: for whoever asks for one (an INVITE without a body).
    public synchronized byte[] current(Leg leg) throws MediaException {
        Sound others = other(leg).remote.orElseThrow();
        return leg.write(leg.ours, others.direction(), others.line().attribute("ptime"), true);
    }

    private Leg other(Leg leg) {
        Leg callee = callee();
        if (leg != caller && leg != callee) throw new IllegalArgumentException("a leg of another bridge");
        return leg == caller ? callee : caller;
    }

    /// Told once, on a thread of its own, also when it is over already.
    public synchronized void onEnd(Consumer<End> listener) {
        onEnd = listener;
        end.ifPresent(why -> Thread.ofVirtual().start(() -> listener.accept(why)));
    }

    @Override
    public void close() {
        end(End.CLOSED);
    }

    synchronized void end(End why) {
        if (end.isPresent()) return;
        end = Optional.of(why);
        timer.ifPresent(each -> each.cancel(false));
        callees.forEach(Leg::close);
        caller.close();
        house.ended(this, why);
        Consumer<End> listener = onEnd;
        Thread.ofVirtual().start(() -> listener.accept(why));
    }

    /// A leg came to its end by itself. One of several that ring takes nobody along.
    synchronized void failed(Leg leg, End why) {
        if (leg.isClosed()) return;
        leg.close();
        callees.remove(leg);
        early = early.filter(each -> each != leg);
        if (leg == caller || callees.isEmpty() || kept.isPresent() && kept.get() == leg) end(why);
    }

    /// From leg to leg, under the monitor.
    void forward(Leg from, RtpPacket packet) {
        if (from != caller && kept.isEmpty() && early.isEmpty()) early = Optional.of(from);
        Optional<Leg> callee = kept.or(() -> early);
        Optional<Leg> to =
                from == caller ? callee : callee.filter(each -> each == from).map(_ -> caller);
        if (to.isEmpty() || !to.get().listens() || from == caller && kept.isEmpty()) {
            house.counters().dropped(Drop.UNHEARD);
            return;
        }
        Optional<Codec> codec = from.codec(packet.payloadType())
                .flatMap(each -> Sound.like(to.get().remote.orElseThrow().codecs(), each));
        if (codec.isEmpty()) {
            house.counters().dropped(Drop.CODEC);
            return;
        }
        if (!to.get().send(to.get().out.next(packet, codec.get().payloadType(), now()))) {
            house.counters().dropped(Drop.UNSENT);
            return;
        }
        house.counters().packets.increment();
        house.counters().bytes.add(packet.payload().length);
    }

    /// Every five seconds: reports, and whether anybody is still there.
    private synchronized void tick() {
        if (end.isPresent()) return;
        long now = now();
        var limits = house.config().limits();
        if (kept.isEmpty() && now - since > limits.unanswered().toMillis()) {
            end(End.UNANSWERED);
            return;
        }
        if (kept.isPresent()) {
            boolean isHeld = caller.isHeld() || kept.get().isHeld();
            long silence = limits.silence().toMillis() * (isHeld ? HELD_FACTOR : 1);
            long last = Math.max(caller.heardAt(), kept.get().heardAt());
            long first = Math.min(caller.heardAt(), kept.get().heardAt());
            if (now - last > silence || !isHeld && now - first > ONE_SIDED_FACTOR * silence) {
                end(End.SILENT);
                return;
            }
            for (Leg each : List.of(caller, kept.get()))
                each.sendRtcp(Rtcp.compound(each.out, each.in, name, now, System.currentTimeMillis()));
        }
        timer = Optional.of(house.after(REPORT_MILLIS, this::tick));
    }

    boolean isOver() {
        return end.isPresent();
    }

    Bridges house() {
        return house;
    }

    String account() {
        return account;
    }

    /// The canonical name of what we send (RFC 7022: random, and for one call).
    String name() {
        return name;
    }

    long now() {
        return System.nanoTime() / 1_000_000;
    }
}
