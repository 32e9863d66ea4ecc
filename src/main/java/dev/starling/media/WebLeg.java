package dev.starling.media;

import dev.starling.media.Counters.Drop;
import dev.starling.media.MediaException.Reason;
import dev.starling.nat.ice.Credentials;
import dev.starling.nat.ice.IceAgent;
import dev.starling.nat.ice.Path;
import dev.starling.nat.stun.StunMessage;
import dev.starling.sdp.Attribute;
import dev.starling.sdp.Candidate;
import dev.starling.sdp.Fingerprint;
import dev.starling.sdp.SdpException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import org.bouncycastle.tls.DTLSTransport;

/// The leg to a browser, or to whatever speaks as one: ICE, DTLS-SRTP and rtcp-mux on one port (RFC 8445, RFC 5764, RFC
/// 5761).
public final class WebLeg extends Leg {
    private static final String PROTOCOL = "UDP/TLS/RTP/SAVPF";
    private static final String STREAM = "sound";

    private final List<InetAddress> addresses;
    private final List<MediaSocket> sockets = new ArrayList<>();
    private final DtlsIdentity identity;
    private final DtlsQueue dtls = new DtlsQueue(this::sendDtls);
    private final Allowance checks;
    private final boolean isOfferer;
    private IceAgent ice;
    private Optional<ScheduledFuture<?>> timer = Optional.empty();
    private long timerAt = Long.MAX_VALUE;
    private volatile Optional<Path> path = Optional.empty();
    private Optional<Credentials> theirs = Optional.empty();
    private Optional<Fingerprint> fingerprint = Optional.empty();
    private boolean isDtlsClient;
    private boolean isLite;
    private boolean isToStart;
    private boolean isShaking;
    private Optional<DTLSTransport> association = Optional.empty();
    private Optional<SrtpSender> sender = Optional.empty();
    private Optional<SrtpReceiver> receiver = Optional.empty();

    WebLeg(Bridge bridge, boolean isOfferer) throws MediaException {
        super(bridge);
        this.isOfferer = isOfferer;
        addresses = bridge.house().config().addresses();
        identity = bridge.house().identity();
        checks = new Allowance(bridge.house().config().limits().packetsPerSecond());
        ice = agent();
        try {
            for (InetAddress each : addresses)
                sockets.add(MediaSocket.open(
                        bridge.house().bindFor(each), bridge.house().config().webPorts()));
        } catch (IOException e) {
            closeSockets();
            throw new MediaException(Reason.FULL, "no port for a browser: " + e.getMessage());
        }
        for (int i = 0; i < sockets.size(); i++) {
            int base = i;
            sockets.get(i).start((from, packet, length) -> received(new Path(base, from), packet, length));
        }
    }

    private IceAgent agent() {
        var limits = bridge.house().config().limits();
        return new IceAgent(
                addresses,
                Credentials.draw(bridge.house().random()),
                isOfferer,
                new IceAgent.Limits(limits.remoteCandidates(), limits.setup().toMillis()),
                bridge.house().config().mayReach(),
                bridge.house().random());
    }

    static boolean isProtocol(String protocol) {
        return switch (protocol) {
            case "UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP" -> true;
            default -> false;
        };
    }

    @Override
    Sound read(byte[] sdp) throws MediaException {
        Sound sound = Sound.of(sdp, WebLeg::isProtocol);
        if (sound.attribute("fingerprint").isEmpty()) throw new MediaException(Reason.INSECURE, "no fingerprint");
        if (!sound.line().has("rtcp-mux")) throw new MediaException(Reason.NOT_ACCEPTABLE, "no rtcp-mux");
        return sound;
    }

    @Override
    void apply(Sound sound, boolean isOffer) throws MediaException {
        Fingerprint said;
        Credentials credentials;
        var candidates = new ArrayList<Candidate>();
        try {
            said = Fingerprint.parse(sound.attribute("fingerprint").orElse(""));
            credentials = new Credentials(
                    sound.attribute("ice-ufrag").orElse(""),
                    sound.attribute("ice-pwd").orElse(""));
            for (String each : sound.line().all("candidate"))
                Candidate.parse(each).ifPresent(candidates::add);
        } catch (SdpException e) {
            throw new MediaException(
                    sound.attribute("fingerprint").isPresent() ? Reason.INSECURE : Reason.MALFORMED, e);
        } catch (IllegalArgumentException e) {
            throw new MediaException(Reason.NOT_ACCEPTABLE, "no ICE");
        }
        if (fingerprint.isPresent() && !fingerprint.get().equals(said))
            throw new MediaException(Reason.NOT_ACCEPTABLE, "another certificate in the middle of a call");
        if (fingerprint.isEmpty()) isDtlsClient = isClient(sound.attribute("setup"), isOffer);
        fingerprint = Optional.of(said);
        // RFC 8445, section 9: new credentials ask for new checks; the old way serves until there is a new one.
        if (!theirs.equals(Optional.of(credentials))) {
            if (theirs.isPresent()) ice = agent();
            isToStart = true;
        }
        theirs = Optional.of(credentials);
        isLite =
                sound.whole().attributes().stream().anyMatch(each -> each.name().equals("ice-lite"));
        candidates.forEach(each -> ice.add(each.address(), each.priority()));
    }

    /// Not before: the other side cannot answer checks until it has our description, and that may come with the answer
    /// to a ringing that lasts for minutes.
    @Override
    void agreed() {
        if (isToStart) ice.start(theirs.orElseThrow(), isLite, bridge.now());
        isToStart = false;
        act(ice.tick(bridge.now()));
    }

    /// RFC 8842, section 5: who is asked to be active is the client; who may choose is it.
    private static boolean isClient(Optional<String> setup, boolean isOffer) throws MediaException {
        return switch (setup.orElse(isOffer ? "actpass" : "active")) {
            case "actpass" -> {
                if (!isOffer) throw new MediaException(Reason.MALFORMED, "an answer must choose its role");
                yield true;
            }
            case "passive" -> true;
            case "active" -> false;
            default -> throw new MediaException(Reason.NOT_ACCEPTABLE, "a role of DTLS that is none");
        };
    }

    @Override
    public void add(String candidate) throws MediaException {
        synchronized (bridge) {
            requireOpen();
            String text = candidate.strip();
            if (text.startsWith("a=")) text = text.substring(2);
            if (!text.startsWith("candidate:")) return; // The end of candidates: nothing to do.
            try {
                Candidate.parse(text.substring("candidate:".length()))
                        .ifPresent(each -> ice.add(each.address(), each.priority()));
            } catch (SdpException e) {
                throw new MediaException(Reason.MALFORMED, e);
            }
            act(ice.tick(bridge.now()));
        }
    }

    @Override
    List<Attribute> sessionAttributes() {
        var all = new ArrayList<Attribute>();
        Optional<String> mid = mid();
        boolean isBundle = remote.isEmpty()
                || remote.get().whole().attributes().stream()
                        .anyMatch(each ->
                                each.name().equals("group") && each.value().startsWith("BUNDLE"));
        if (mid.isPresent() && isBundle) all.add(new Attribute("group", "BUNDLE " + mid.get()));
        all.add(new Attribute("ice-options", "trickle ice2"));
        return all;
    }

    /// Phones that speak ICE have none, and then there must be none.
    private Optional<String> mid() {
        return remote.isEmpty() ? Optional.of("0") : remote.get().line().attribute("mid");
    }

    @Override
    List<Attribute> transport(boolean isOffer) {
        var all = new ArrayList<Attribute>();
        mid().ifPresent(mid -> all.add(new Attribute("mid", mid)));
        all.add(new Attribute("rtcp-mux"));
        all.add(new Attribute("ice-ufrag", ice.local().ufrag()));
        all.add(new Attribute("ice-pwd", ice.local().password()));
        all.add(identity.fingerprint().attribute());
        all.add(new Attribute("setup", isOffer ? "actpass" : isDtlsClient ? "active" : "passive"));
        for (int i = 0; i < sockets.size(); i++) {
            var at = new InetSocketAddress(addresses.get(i), sockets.get(i).port());
            all.add(new Candidate(String.valueOf(i + 1), ice.priority(i), at, "host").attribute());
        }
        all.add(new Attribute("end-of-candidates"));
        all.add(new Attribute("msid", STREAM + " " + STREAM));
        all.add(new Attribute("ssrc", Integer.toUnsignedString(out.ssrc) + " cname:" + bridge.name()));
        return all;
    }

    @Override
    String protocol() {
        return remote.map(sound -> sound.line().protocol()).orElse(PROTOCOL);
    }

    @Override
    InetAddress address() {
        return addresses.getFirst();
    }

    @Override
    int port() {
        return sockets.getFirst().port();
    }

    /// RFC 7983: told apart by the first byte.
    private void received(Path from, byte[] packet, int length) {
        synchronized (bridge) {
            if (isClosed()) return;
            InetAddress who = from.remote().getAddress();
            if (length <= MediaSocket.MAX_PACKET_BYTES && StunMessage.isStun(ByteBuffer.wrap(packet, 0, length))) {
                // Strangers' checks have a share of their own.
                boolean isOneTooMany = ice.isProven(from)
                        ? isRefused(who, length)
                        : !checks.takes(bridge.now()) && drop(Drop.RATE, who);
                if (!isOneTooMany) act(ice.received(from, Arrays.copyOf(packet, length), bridge.now()));
                return;
            }
            boolean isKnown = path.equals(Optional.of(from)) || ice.isProven(from);
            if (!isKnown) drop(Drop.STRANGER, who);
            else if (!isRefused(who, length)) receivedFromKnown(packet, length);
        }
    }

    private void receivedFromKnown(byte[] packet, int length) {
        if (DtlsQueue.isDtls(packet, length)) {
            dtls.received(packet, length);
            return;
        }
        if (receiver.isEmpty()) {
            drop(Drop.UNHEARD);
            return;
        }
        if (RtpPacket.isRtcp(packet, length)) {
            int clear = receiver.get().openRtcp(packet, length);
            if (clear < 0) drop(Drop.FORGED);
            else heardRtcp(packet, clear);
            return;
        }
        int clear = receiver.get().open(packet, length);
        if (clear < 0) drop(Drop.FORGED);
        else RtpPacket.parse(packet, clear).ifPresentOrElse(this::heard, () -> drop(Drop.MALFORMED));
    }

    private void act(List<IceAgent.Action> actions) {
        for (IceAgent.Action action : actions) {
            switch (action) {
                case IceAgent.Action.Send(Path to, byte[] bytes) ->
                    sockets.get(to.base()).send(bytes, bytes.length, to.remote());
                case IceAgent.Action.Usable(Path to) -> {
                    if (path.isEmpty()) path = Optional.of(to);
                    shakeHands();
                }
                case IceAgent.Action.Selected(Path to) -> path = Optional.of(to);
                case IceAgent.Action.Failed(String _) -> bridge.failed(this, End.ICE_FAILED);
            }
        }
        schedule();
    }

    private void schedule() {
        long next = ice.nextAt();
        if (next == timerAt && timer.isPresent()) return;
        timer.ifPresent(each -> each.cancel(false));
        timerAt = next;
        timer = next == Long.MAX_VALUE || isClosed()
                ? Optional.empty()
                : Optional.of(bridge.house().after(Math.max(1, next - bridge.now()), this::tick));
    }

    private void tick() {
        synchronized (bridge) {
            timer = Optional.empty();
            if (!isClosed()) act(ice.tick(bridge.now()));
        }
    }

    private void shakeHands() {
        if (isShaking || fingerprint.isEmpty()) return;
        isShaking = true;
        var handshake = new Dtls(identity, fingerprint.get(), (int)
                bridge.house().config().limits().setup().toMillis());
        boolean isClient = isDtlsClient;
        Thread.ofVirtual().name("dtls " + port()).start(() -> shakeHands(handshake, isClient));
    }

    private void shakeHands(Dtls handshake, boolean isClient) {
        try {
            Dtls.Done done = isClient ? handshake.connect(dtls) : handshake.accept(dtls);
            synchronized (bridge) {
                if (isClosed()) return;
                association = Optional.of(done.transport());
                sender = Optional.of(new SrtpSender(done.ours()));
                receiver = Optional.of(new SrtpReceiver(done.theirs()));
            }
            untilGoodbye(done);
            bridge.failed(this, End.GOODBYE);
        } catch (Dtls.WrongFingerprint e) {
            bridge.failed(this, End.WRONG_FINGERPRINT);
        } catch (IOException e) {
            bridge.failed(this, End.DTLS_FAILED);
        }
    }

    /// Reads on: a repeated last flight of the other side is answered in there.
    private static void untilGoodbye(Dtls.Done done) {
        byte[] unwanted = new byte[MediaSocket.MAX_PACKET_BYTES];
        try {
            while (true) done.transport().receive(unwanted, 0, unwanted.length, 60_000);
        } catch (IOException e) {
            // The other side's alert, or our own end.
        }
    }

    /// Without the bridge's monitor: DTLS has a lock of its own at that moment, and whoever closes a leg takes both the
    /// other way round.
    private void sendDtls(byte[] bytes) {
        path.ifPresent(to -> sockets.get(to.base()).send(bytes, bytes.length, to.remote()));
    }

    @Override
    boolean send(RtpPacket packet) {
        if (path.isEmpty() || sender.isEmpty()) return false;
        byte[] bytes = new byte[RtpPacket.HEADER_BYTES + packet.payload().length + SrtpSender.ROOM_BYTES];
        int length = sender.get().protect(bytes, packet.write(bytes));
        return length > 0
                && sockets.get(path.get().base()).send(bytes, length, path.get().remote());
    }

    @Override
    void sendRtcp(byte[] compound) {
        if (path.isEmpty() || sender.isEmpty()) return;
        byte[] bytes = Arrays.copyOf(compound, compound.length + SrtpSender.ROOM_BYTES);
        int length = sender.get().protectRtcp(bytes, compound.length);
        sockets.get(path.get().base()).send(bytes, length, path.get().remote());
    }

    @Override
    void closeSockets() {
        association.ifPresent(WebLeg::sayGoodbye);
        timer.ifPresent(each -> each.cancel(false));
        dtls.close();
        sockets.forEach(MediaSocket::close);
    }

    private static void sayGoodbye(DTLSTransport transport) {
        try {
            transport.close();
        } catch (IOException e) {
            // Then consent will tell the other side.
        }
    }
}
