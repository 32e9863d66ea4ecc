package dev.starling.media;

import dev.starling.media.Counters.Drop;
import dev.starling.media.MediaException.Reason;
import dev.starling.sdp.Attribute;
import dev.starling.sdp.Crypto;
import dev.starling.sdp.Direction;
import dev.starling.sdp.Host;
import dev.starling.sdp.SdpException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The leg to a phone: RTP in the clear, or SRTP with keys out of the description (SDES, RFC 4568), RTCP on the next
/// port or on the same.
///
/// Where the sound goes is learned from where it comes (symmetric RTP, RFC 4961): the first packet from the address
/// that the description names or from that of the phone's SIP flow decides, and from then on nobody else is listened
/// to. With SDES a packet that authenticates decides anew, and one from exactly where the description says always does.
public final class PhoneLeg extends Leg {
    /// A phone behind a router may get a new port when it was silent.
    private static final long RELEARN_MILLIS = 5_000;

    private static final long IN_FLIGHT_MILLIS = 2_000;

    private static final Set<String> PLAIN = Set.of("RTP/AVP", "RTP/AVPF"), SECURE = Set.of("RTP/SAVP", "RTP/SAVPF");

    private final Phone phone;
    private final InetAddress address;
    private final MediaSocket rtp;
    private final MediaSocket rtcp;
    /// What an answer may choose from: the last offer of ours.
    private List<Crypto> offeredKeys = new ArrayList<>();
    private boolean isSecure;
    private boolean isMuxed;
    private Optional<Crypto> ourKey = Optional.empty();
    private Optional<Crypto> theirKey = Optional.empty();
    private Optional<SrtpSender> sender = Optional.empty();
    private Optional<SrtpReceiver> receiver = Optional.empty();
    private Optional<InetSocketAddress> named = Optional.empty();
    private Optional<InetSocketAddress> target = Optional.empty();
    private Optional<InetSocketAddress> rtcpTarget = Optional.empty();
    private Optional<InetSocketAddress> left = Optional.empty();
    private long leftAt;
    private boolean isLearned;
    private long learnedAt;

    PhoneLeg(Bridge bridge, Phone phone) throws MediaException {
        super(bridge);
        this.phone = phone;
        isSecure = phone.isSecure();
        address = bridge.house().addressFor(phone.source());
        try {
            var pair = MediaSocket.openPair(
                    bridge.house().bindFor(address), bridge.house().config().phonePorts());
            rtp = pair[0];
            rtcp = pair[1];
        } catch (IOException e) {
            throw new MediaException(Reason.FULL, "no port for a phone: " + e.getMessage());
        }
        if (isSecure) for (int tag = 1; tag <= 2; tag++) offeredKeys.add(drawKey(tag, tag == 1 ? 10 : 4));
        rtp.start(this::received);
        rtcp.start(this::receivedRtcp);
    }

    /// Whether it is offered keys, or speaks with some.
    public boolean isSecure() {
        synchronized (bridge) {
            return isSecure;
        }
    }

    private Crypto drawKey(int tag, int tagBytes) {
        byte[] key = new byte[SrtpKeys.KEY_BYTES], salt = new byte[SrtpKeys.SALT_BYTES];
        bridge.house().random().nextBytes(key);
        bridge.house().random().nextBytes(salt);
        return new Crypto(tag, tagBytes, key, salt);
    }

    @Override
    Sound read(byte[] sdp) throws MediaException {
        Sound sound = Sound.of(sdp, protocol -> PLAIN.contains(protocol) || SECURE.contains(protocol));
        // RFC 3264, section 8.4: how phones held calls before there were directions.
        return isNowhere(sound) ? sound.withDirection(sound.direction().and(Direction.SENDONLY)) : sound;
    }

    private static boolean isNowhere(Sound sound) {
        return sound.whole()
                .hostOf(sound.line())
                .flatMap(Host::address)
                .filter(InetAddress::isAnyLocalAddress)
                .isPresent();
    }

    @Override
    void apply(Sound sound, boolean isOffer) throws MediaException {
        boolean wantsKeys = SECURE.contains(sound.line().protocol());
        if (!isOffer && wantsKeys != isSecure)
            throw new MediaException(Reason.INSECURE, "the answer has another protocol than the offer");
        if (named.isPresent() && wantsKeys != isSecure)
            throw new MediaException(Reason.INSECURE, "a call keeps its protocol");
        InetSocketAddress at = addressOf(sound);
        if (wantsKeys) key(sound, isOffer);
        isSecure = wantsKeys;
        // Offered only where it was agreed on before (RFC 5761, section 5.1.1).
        isMuxed = (isOffer || isMuxed) && sound.line().has("rtcp-mux");
        if (named.isPresent() && (named.get().equals(at) || isNowhere(sound))) return;
        left = named.isPresent() ? target : Optional.empty();
        leftAt = bridge.now();
        named = Optional.of(at);
        isLearned = false;
        // What is not allowed may still be a phone behind a router: then its packets say where it is.
        target = Optional.of(mayReach(at.getAddress()) ? at : new InetSocketAddress(phone.source(), at.getPort()));
        rtcpTarget = Optional.of(
                isMuxed ? target.get() : new InetSocketAddress(target.get().getAddress(), rtcpPort(sound)));
    }

    private boolean mayReach(InetAddress of) {
        return of.getAddress().length == address.getAddress().length
                && (of.equals(phone.source())
                        || bridge.house().config().mayReach().test(of));
    }

    private static InetSocketAddress addressOf(Sound sound) throws MediaException {
        Optional<InetAddress> host = sound.whole().hostOf(sound.line()).flatMap(Host::address);
        if (host.isEmpty()) throw new MediaException(Reason.NOT_ACCEPTABLE, "no address in c=");
        return new InetSocketAddress(host.get(), sound.line().port());
    }

    /// RFC 3605, or the next port.
    private static int rtcpPort(Sound sound) throws MediaException {
        int next = Math.min(0xFFFF, sound.line().port() + 1);
        String named =
                sound.attribute("rtcp").map(each -> each.strip().split(" ")[0]).orElse("");
        return named.matches("[1-9][0-9]{0,4}") ? Math.min(0xFFFF, Integer.parseInt(named)) : next;
    }

    /// RFC 4568, sections 7.1.1 to 7.1.4: of the keys offered the first that we have; of an answer the one that was
    /// offered.
    private void key(Sound sound, boolean isOffer) throws MediaException {
        Optional<Crypto> found = Optional.empty();
        try {
            for (String each : sound.line().all("crypto")) {
                Optional<Crypto> one = Crypto.parse(each);
                if (found.isEmpty()
                        && one.isPresent()
                        && (isOffer || ours(one.get()).isPresent())) found = one;
            }
        } catch (SdpException e) {
            throw new MediaException(Reason.MALFORMED, e);
        }
        if (found.isEmpty()) throw new MediaException(Reason.INSECURE, "no key of SRTP that is known here");
        Crypto theirs = found.get();
        Crypto mine = isOffer ? answeringKey(theirs) : ours(theirs).orElseThrow();
        if (!isSame(ourKey, mine)) sender = Optional.of(new SrtpSender(keys(mine)));
        if (!isSame(theirKey, theirs)) receiver = Optional.of(new SrtpReceiver(keys(theirs)));
        ourKey = Optional.of(mine);
        theirKey = found;
    }

    /// Under whatever tag: the same key goes on with its counters, or its key stream would be used twice.
    private static boolean isSame(Optional<Crypto> one, Crypto other) {
        return one.isPresent()
                && one.get().tagBytes() == other.tagBytes()
                && MessageDigest.isEqual(one.get().key(), other.key())
                && MessageDigest.isEqual(one.get().salt(), other.salt());
    }

    private Optional<Crypto> ours(Crypto theirs) {
        return offeredKeys.stream()
                .filter(each -> each.tag() == theirs.tag() && each.tagBytes() == theirs.tagBytes())
                .findFirst();
    }

    /// The one that we have already stays, under the tag of today.
    private Crypto answeringKey(Crypto theirs) {
        return ourKey.filter(each -> each.tagBytes() == theirs.tagBytes())
                .map(each -> new Crypto(theirs.tag(), each.tagBytes(), each.key(), each.salt()))
                .orElseGet(() -> drawKey(theirs.tag(), theirs.tagBytes()));
    }

    private static SrtpKeys keys(Crypto crypto) {
        return new SrtpKeys(crypto.key(), crypto.salt(), crypto.tagBytes());
    }

    @Override
    void agreed() {
        // It sends by itself.
    }

    @Override
    List<Attribute> transport(boolean isOffer) {
        var all = new ArrayList<Attribute>();
        if (isOffer && ourKey.isPresent()) offeredKeys = List.of(ourKey.get());
        List<Crypto> keys = isOffer ? offeredKeys : ourKey.stream().toList();
        if (isSecure) keys.forEach(each -> all.add(each.attribute()));
        if (isMuxed) all.add(new Attribute("rtcp-mux"));
        else all.add(new Attribute("rtcp", String.valueOf(rtcp.port())));
        return all;
    }

    @Override
    String protocol() {
        return remote.map(sound -> sound.line().protocol()).orElse(isSecure ? "RTP/SAVP" : "RTP/AVP");
    }

    @Override
    InetAddress address() {
        return address;
    }

    @Override
    int port() {
        return rtp.port();
    }

    private void received(InetSocketAddress from, byte[] packet, int length) {
        synchronized (bridge) {
            if (isClosed()) return;
            // First of all, so that nobody else's flood takes the phone's share.
            if (!mayBe(from, rtpSources())) {
                drop(Drop.STRANGER, from.getAddress());
                return;
            }
            if (isRefused(from.getAddress(), length)) return;
            if (isMuxed && RtpPacket.isRtcp(packet, length)) {
                rtcp(from, packet, length);
                return;
            }
            int clear = receiver.isPresent() ? receiver.get().open(packet, length) : length;
            Optional<RtpPacket> found = clear < 0 ? Optional.empty() : RtpPacket.parse(packet, clear);
            if (found.isEmpty()) {
                drop(clear < 0 ? Drop.FORGED : Drop.MALFORMED, from.getAddress());
                return;
            }
            // A packet of some other kind teaches nothing.
            if (codec(found.get().payloadType()).isEmpty()) {
                drop(Drop.CODEC);
                return;
            }
            learn(from);
            heard(found.get());
        }
    }

    /// Before a description came, nobody; until it is learned, the two addresses; then one, until it was silent.
    private Optional<InetSocketAddress> rtpSources() {
        boolean isSilent = bridge.now() - learnedAt > RELEARN_MILLIS;
        return isLearned && receiver.isEmpty() && !isSilent ? target : Optional.empty();
    }

    private boolean mayBe(InetSocketAddress from, Optional<InetSocketAddress> only) {
        if (named.isEmpty()) return false;
        // What was on its way from where the phone was before must not be taken for where it is.
        if (left.isPresent() && left.get().equals(from) && bridge.now() - leftAt < IN_FLIGHT_MILLIS) return false;
        if (named.get().equals(from) && mayReach(from.getAddress())) return true;
        if (only.isPresent()) return only.get().equals(from);
        InetAddress host = from.getAddress();
        if (isLearned && receiver.isEmpty())
            return host.equals(target.orElseThrow().getAddress());
        return host.equals(phone.source()) || host.equals(named.get().getAddress()) && mayReach(host);
    }

    private void learn(InetSocketAddress from) {
        learnedAt = bridge.now();
        if (isLearned && target.equals(Optional.of(from))) return;
        isLearned = true;
        target = Optional.of(from);
        if (isMuxed) rtcpTarget = target;
        else if (!rtcpTarget.orElseThrow().getAddress().equals(from.getAddress()))
            rtcpTarget = Optional.of(
                    new InetSocketAddress(from.getAddress(), rtcpTarget.get().getPort()));
    }

    private void receivedRtcp(InetSocketAddress from, byte[] packet, int length) {
        synchronized (bridge) {
            if (isClosed() || isMuxed) return;
            rtcp(from, packet, length);
        }
    }

    private void rtcp(InetSocketAddress from, byte[] packet, int length) {
        boolean isHis = target.isPresent() && target.get().getAddress().equals(from.getAddress());
        if (isHis && !isMuxed && isRefused(from.getAddress(), length)) return;
        int clear = !isHis ? -1 : receiver.isPresent() ? receiver.get().openRtcp(packet, length) : length;
        if (clear < 0 || !RtpPacket.isRtcp(packet, clear)) {
            drop(!isHis ? Drop.STRANGER : clear < 0 ? Drop.FORGED : Drop.MALFORMED, from.getAddress());
            return;
        }
        if (isLearned && !isMuxed) rtcpTarget = Optional.of(from);
        heardRtcp(packet, clear);
    }

    @Override
    boolean send(RtpPacket packet) {
        if (target.isEmpty()) return false;
        byte[] bytes = new byte[RtpPacket.HEADER_BYTES + packet.payload().length + SrtpSender.ROOM_BYTES];
        int length = packet.write(bytes);
        if (sender.isPresent()) length = sender.get().protect(bytes, length);
        return length > 0 && rtp.send(bytes, length, target.get());
    }

    @Override
    void sendRtcp(byte[] compound) {
        if (rtcpTarget.isEmpty()) return;
        byte[] bytes = Arrays.copyOf(compound, compound.length + SrtpSender.ROOM_BYTES);
        int length = sender.isPresent() ? sender.get().protectRtcp(bytes, compound.length) : compound.length;
        (isMuxed ? rtp : rtcp).send(bytes, length, rtcpTarget.get());
    }

    @Override
    void closeSockets() {
        rtp.close();
        rtcp.close();
    }
}
