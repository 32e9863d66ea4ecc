package dev.starling.media;

import dev.starling.media.MediaException.Reason;
import dev.starling.sdp.Attribute;
import dev.starling.sdp.Codec;
import dev.starling.sdp.Direction;
import dev.starling.sdp.Host;
import dev.starling.sdp.MediaDescription;
import dev.starling.sdp.Origin;
import dev.starling.sdp.SessionDescription;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// One end of a bridge: what was described to it and by it, its sockets, and the stream that it is sent. Everything
/// under the lock of its bridge.
public abstract sealed class Leg permits WebLeg, PhoneLeg {
    final Bridge bridge;
    final OutStream out;
    final Reception in = new Reception();
    private final Allowance allowance;
    private final long session;
    private long version;
    private String lastBody = "";
    private byte[] lastWritten = {};
    /// What the other side said last.
    Optional<Sound> remote = Optional.empty();
    /// The codecs of our last description: what may come, by these numbers.
    List<Codec> ours = List.of();
    /// Those of the one before, while an offer of ours is open: both may come (RFC 3264, section 8.3.1), and a refusal
    /// leaves them.
    private List<Codec> before = List.of();
    private boolean isClosed;
    private long heardAt;
    /// What its offenders have been named for.
    private final Set<Counters.Drop> named = EnumSet.noneOf(Counters.Drop.class);

    Leg(Bridge bridge) {
        this.bridge = bridge;
        var random = bridge.house().random();
        out = new OutStream(random.nextInt(), random.nextInt(), random.nextInt());
        session = random.nextLong() >>> 2;
        allowance = new Allowance(bridge.house().config().limits().packetsPerSecond());
        heardAt = bridge.now();
    }

    /// The offer to the one whom this leg calls; the same however often it is asked for.
    public final byte[] offer() throws MediaException {
        synchronized (bridge) {
            requireOpen();
            return lastWritten.clone();
        }
    }

    /// What the one who was offered said: with 200, or before with 18x. Once it is there, others count for nothing (RFC
    /// 3261, section 13.2.1). The way is made at once, so that it is there when somebody picks up.
    public final void answered(byte[] sdp) throws MediaException {
        synchronized (bridge) {
            requireOpen();
            if (this == bridge.caller()) throw new IllegalStateException("it was the caller who offered");
            if (remote.isPresent()) return;
            Sound sound = read(sdp);
            Sound.common(sound.codecs(), ours);
            take(sound, false);
        }
    }

    /// A candidate of the other side that came later: `candidate:…`, with or without `a=` (RFC 8838). Phones have
    /// none.
    public void add(String candidate) throws MediaException {
        throw new MediaException(Reason.NOT_ACCEPTABLE, "no ICE on this leg");
    }

    /// Ends the leg, and not the bridge.
    public final void close() {
        synchronized (bridge) {
            if (isClosed) return;
            isClosed = true;
            closeSockets();
        }
    }

    final boolean isClosed() {
        return isClosed;
    }

    final void requireOpen() throws MediaException {
        if (isClosed || bridge.isOver()) throw new MediaException(Reason.ENDED, "the leg is over");
    }

    /// The other side's description, understood; throws where it cannot be had on this kind of leg.
    abstract Sound read(byte[] sdp) throws MediaException;

    /// Acts on it. isOffer: ours will be the answer
    final void take(Sound sound, boolean isOffer) throws MediaException {
        apply(sound, isOffer);
        remote = Optional.of(sound);
        if (isOffer) return;
        before = List.of();
        agreed();
    }

    /// Our offer was refused: what was agreed before stays.
    final void refused() {
        if (!before.isEmpty()) ours = before;
        before = List.of();
    }

    abstract void apply(Sound sound, boolean isOffer) throws MediaException;

    /// Both descriptions are there: the way can be made.
    abstract void agreed();

    /// Whether the description changes nothing but the way to this leg, which concerns nobody else.
    final boolean isSameSession(Sound sound) {
        return remote.isPresent()
                && remote.get().direction() == sound.direction()
                && ours.stream()
                        .allMatch(each -> Sound.like(sound.codecs(), each).isPresent());
    }

    /// Our description. Its version grows when something changed: RFC 3264, section 8.
    final byte[] write(List<Codec> codecs, Direction direction, Optional<String> ptime, boolean isOffer) {
        before = isOffer ? ours : List.of();
        ours = List.copyOf(codecs);
        var attributes = new ArrayList<Attribute>(transport(isOffer));
        attributes.addAll(Sound.attributes(codecs, direction, ptime));
        var line =
                new MediaDescription("audio", port(), protocol(), Sound.formats(codecs), Optional.empty(), attributes);
        var lines = new ArrayList<MediaDescription>();
        remote.ifPresent(sound -> sound.whole().media().forEach(each -> lines.add(each.refused())));
        if (remote.isEmpty()) lines.add(line);
        else lines.set(remote.get().index(), line);
        String body = describe(0, lines).toString();
        if (!body.equals(lastBody)) version++;
        lastBody = body;
        lastWritten = describe(version, lines).bytes();
        if (!isOffer) agreed();
        return lastWritten.clone();
    }

    private SessionDescription describe(long number, List<MediaDescription> lines) {
        var origin = new Origin(session, number, Host.of(address()));
        return new SessionDescription(origin, Optional.of(Host.of(address())), sessionAttributes(), lines);
    }

    List<Attribute> sessionAttributes() {
        return List.of();
    }

    /// The lines about the way to us.
    abstract List<Attribute> transport(boolean isOffer);

    abstract String protocol();

    abstract InetAddress address();

    abstract int port();

    /// What a number means that comes: by our own description (RFC 3264, section 5.1), or by theirs, as some do.
    final Optional<Codec> codec(int payloadType) {
        return Stream.concat(ours.stream(), before.stream())
                .filter(each -> each.payloadType() == payloadType)
                .findFirst()
                .or(() -> remote.stream()
                        .flatMap(sound -> sound.codecs().stream())
                        .filter(each -> each.payloadType() == payloadType
                                && Sound.like(ours, each).isPresent())
                        .findFirst());
    }

    /// A packet in the clear: counted, and handed to the bridge.
    final void heard(RtpPacket packet) {
        heardAt = bridge.now();
        in.received(packet, heardAt);
        bridge.forward(this, packet);
    }

    final void heardRtcp(byte[] bytes, int length) {
        heardAt = bridge.now();
        Rtcp.senderReport(bytes, length).ifPresent(report -> in.reported(report.ssrc(), report.ntp(), heardAt));
    }

    final long heardAt() {
        return heardAt;
    }

    /// Whether the other side wants to hear, and to be heard.
    final boolean listens() {
        return remote.isPresent() && remote.get().direction().receives();
    }

    final boolean isHeld() {
        return remote.isPresent() && remote.get().direction() != Direction.SENDRECV;
    }

    /// Whether this packet is one too many, or too long.
    final boolean isRefused(InetAddress from, int length) {
        if (length > MediaSocket.MAX_PACKET_BYTES) return drop(Counters.Drop.OVERSIZE, from);
        return !allowance.takes(bridge.now()) && drop(Counters.Drop.RATE, from);
    }

    /// True. Whose packet it was is told, once a leg: nobody writes the log by what he sends.
    final boolean drop(Counters.Drop why, InetAddress from) {
        if (named.add(why))
            bridge.house()
                    .config()
                    .offender()
                    .accept(
                            from,
                            switch (why) {
                                case STRANGER -> "Sound from somebody else";
                                case OVERSIZE -> "Sound in packets too long";
                                case RATE -> "Sound in too many packets";
                                case FORGED -> "Sound forged or sent again";
                                case MALFORMED, CODEC, UNHEARD, UNSENT -> "What is no sound";
                            });
        return drop(why);
    }

    /// True.
    final boolean drop(Counters.Drop why) {
        bridge.house().counters().dropped(why);
        return true;
    }

    /// False: the way is not there, or the system did not take it.
    abstract boolean send(RtpPacket packet);

    abstract void sendRtcp(byte[] compound);

    abstract void closeSockets();
}
