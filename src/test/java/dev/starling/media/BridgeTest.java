package dev.starling.media;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.media.MediaException.Reason;
import dev.starling.sdp.Attribute;
import dev.starling.sdp.Crypto;
import dev.starling.sdp.Direction;
import dev.starling.sdp.SessionDescription;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// Two peers, each with a phone of plain RTP, and ICE and DTLS-SRTP between them: the one's web leg is the other's.
class BridgeTest {
    private static final String SHA_1 = "DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09";

    private Bridges one;
    private Bridges two;
    private PlainPhone alice;
    private PlainPhone bob;

    @BeforeEach
    void open() throws Exception {
        one = bridges();
        two = bridges();
        alice = new PlainPhone();
        bob = new PlainPhone();
    }

    @AfterEach
    void close() {
        one.close();
        two.close();
        alice.close();
        bob.close();
    }

    static Bridges bridges() throws Exception {
        return new Bridges(new MediaConfig(
                List.of(PlainPhone.HERE),
                new PortRange(20_000, 29_999),
                new PortRange(30_000, 39_999),
                address -> address.isLoopbackAddress(),
                MediaLimits.USUAL));
    }

    static Phone phone(String account) {
        return new Phone(account, PlainPhone.HERE, false);
    }

    /// A call of alice's phone to bob's through both peers.
    private record Call(Bridge out, WebLeg web, Bridge in, PhoneLeg ring) {}

    private Call call(byte[] offer, byte[] answer, boolean isSecure) throws Exception {
        Bridge out = one.fromPhone(phone("alice"), offer);
        WebLeg web = out.newWebLeg();
        Bridge in = two.fromWeb("bob", web.offer());
        PhoneLeg ring = in.newPhoneLeg(new Phone("bob", PlainPhone.HERE, isSecure));
        bob.heard(ring.offer());
        ring.answered(answer);
        in.keep(ring);
        web.answered(in.answer());
        out.keep(web);
        alice.heard(out.answer());
        return new Call(out, web, in, ring);
    }

    private Call call() throws Exception {
        return call(alice.offer(), bobs(), false);
    }

    private byte[] bobs() {
        return bob.describe("0 96", "a=rtpmap:96 telephone-event/8000");
    }

    @Test
    void soundAndKeysGoBothWaysThroughTwoGateways() throws Exception {
        Call call = call();
        assertTrue(Bridges.isWeb(call.web.offer()));
        assertFalse(Bridges.isWeb(call.ring.offer()));
        RtpPacket heard = alice.reach(bob, 0);
        assertEquals(0, heard.payloadType());
        assertTrue(heard.marker());
        bob.reach(alice, 0);
        // Each by its own number for keys.
        alice.drain(100);
        bob.drain(100);
        alice.send(101, new byte[] {5, 10, 0, (byte) 160});
        RtpPacket key = bob.receive();
        assertEquals(96, key.payloadType());
        assertArrayEquals(new byte[] {5, 10, 0, (byte) 160}, key.payload());
        bob.send(96, new byte[] {7, 10, 0, (byte) 160});
        assertEquals(101, alice.receive().payloadType());
    }

    @Test
    void phonesAtOnePeerHearEachOther() throws Exception {
        Bridge bridge = one.fromPhone(phone("alice"), alice.offer());
        PhoneLeg ring = bridge.newPhoneLeg(phone("alice"));
        bob.heard(ring.offer());
        ring.answered(bob.describe("8 0"));
        bridge.keep(ring);
        alice.heard(bridge.answer());
        assertArrayEquals(PlainPhone.payload(0), alice.reach(bob, 8).payload());
        bob.reach(alice, 0);
    }

    @Test
    void aStrangerNeitherTakesTheSoundNorIsHeard() throws Exception {
        call();
        alice.reach(bob, 0);
        bob.reach(alice, 0);
        try (var stranger = new PlainPhone()) {
            stranger.peer = alice.peer;
            stranger.ssrc = 7;
            for (int i = 0; i < 20; i++) stranger.send(0, new byte[] {66});
            bob.send(0, new byte[] {1});
            assertEquals(Optional.empty(), stranger.receive(200));
            assertTrue(bob.drain(200).stream().noneMatch(each -> each.payload().length == 1));
        }
        assertTrue(one.counters().snapshot().getOrDefault("dropped.stranger", 0L) >= 20);
    }

    @Test
    void numbersAndTimesGoOnWhenTheSourceChanges() throws Exception {
        call();
        RtpPacket before = alice.reach(bob, 0);
        for (RtpPacket each : bob.drain(100)) before = each;
        alice.ssrc = 99;
        alice.sequence = 50_000;
        alice.timestamp = 7;
        alice.send(0, new byte[160]);
        RtpPacket after = bob.receive();
        assertEquals(before.ssrc(), after.ssrc());
        assertEquals(before.sequence() + 1 & 0xFFFF, after.sequence());
        assertTrue(after.timestamp() - before.timestamp() >= 160 && after.timestamp() - before.timestamp() < 80_000);
        assertTrue(after.marker());
    }

    @Test
    void phonesWithKeysInTheirDescriptionsAreHeard() throws Exception {
        var theirs = new Crypto(1, 10, new byte[16], new byte[14]);
        byte[] offer = secured(alice.offer(), theirs.attribute());
        var bobs = new Crypto(2, 4, new byte[16], new byte[14]);
        Call call = call(offer, secured(bob.describe("0"), bobs.attribute()), true);
        Crypto ours = crypto(call.out.answer(), 0), toBob = crypto(call.ring.offer(), 1);
        assertEquals(10, ours.tagBytes());
        assertEquals(4, toBob.tagBytes());

        var sender = new SrtpSender(new SrtpKeys(theirs.key(), theirs.salt(), 10));
        var receiver = new SrtpReceiver(new SrtpKeys(toBob.key(), toBob.salt(), 4));
        for (int i = 0; i < 500; i++) {
            byte[] packet = new byte[172 + SrtpSender.ROOM_BYTES];
            int length =
                    sender.protect(packet, new RtpPacket(false, 0, i, 160 * i, 5, PlainPhone.payload(i)).write(packet));
            alice.rtp.send(new DatagramPacket(packet, length, alice.peer.orElseThrow()));
            bob.rtp.setSoTimeout(20);
            var in = new DatagramPacket(new byte[2000], 2000);
            try {
                bob.rtp.receive(in);
            } catch (SocketTimeoutException e) {
                continue;
            }
            assertEquals(172 + 4, in.getLength());
            assertEquals(172, receiver.open(in.getData(), in.getLength()));
            return;
        }
        throw new AssertionError("nothing came through");
    }

    private static byte[] secured(byte[] sdp, Attribute crypto) {
        return (PlainPhone.text(sdp).replace("RTP/AVP", "RTP/SAVP") + "a=" + crypto + "\r\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static Crypto crypto(byte[] sdp, int which) throws Exception {
        var line = SessionDescription.parse(sdp).media().getFirst();
        return Crypto.parse(line.all("crypto").get(which)).orElseThrow();
    }

    /// Alice's phone with keys called bob's without, both at this peer.
    private record Keyed(Bridge bridge, PhoneLeg ring, Crypto hers) {}

    private Keyed keyed() throws Exception {
        var hers = new Crypto(1, 10, new byte[16], new byte[14]);
        Bridge bridge = one.fromPhone(phone("alice"), secured(alice.offer(), hers.attribute()));
        PhoneLeg ring = bridge.newPhoneLeg(phone("bob"));
        bob.heard(ring.offer());
        ring.answered(bob.describe("0"));
        bridge.keep(ring);
        alice.heard(bridge.answer());
        return new Keyed(bridge, ring, hers);
    }

    @Test
    void aCallerWithKeysAnswersToAHoldOfTheOtherSide() throws Exception {
        Keyed call = keyed();
        Crypto ours = crypto(call.bridge.answer(), 0);
        var passOn = assertInstanceOf(
                Reoffer.PassOn.class, call.bridge.reoffer(call.ring, again(bob.describe("0"), 2, "sendonly")));
        assertEquals(ours, crypto(passOn.offer(), 0));
        byte[] answer = again(secured(alice.describe("0"), call.hers.attribute()), 2, "recvonly");
        assertEquals(Direction.RECVONLY, direction(call.bridge.reanswered(answer)));
    }

    @Test
    void theSameKeyUnderAnotherTagGoesOnWithItsCounters() throws Exception {
        Keyed call = keyed();
        var sender = new SrtpSender(new SrtpKeys(call.hers.key(), call.hers.salt(), 10));
        byte[] packet = new byte[172 + SrtpSender.ROOM_BYTES];
        int length = sender.protect(packet, new RtpPacket(false, 0, 1, 160, 5, PlainPhone.payload(1)).write(packet));
        var out = new DatagramPacket(packet, length, alice.peer.orElseThrow());
        alice.rtp.send(out);
        assertArrayEquals(PlainPhone.payload(1), bob.receive().payload());
        Crypto before = crypto(call.bridge.answer(), 0);
        var again = new Crypto(7, 10, call.hers.key(), call.hers.salt());
        var answer = assertInstanceOf(
                Reoffer.Answer.class,
                call.bridge.reoffer(
                        call.bridge.caller(), again(secured(alice.offer(), again.attribute()), 2, "sendrecv")));
        Crypto after = crypto(answer.sdp(), 0);
        assertEquals(7, after.tag());
        assertArrayEquals(before.key(), after.key());
        // What was heard before is a replay still.
        alice.rtp.send(out);
        assertEquals(Optional.empty(), bob.receive(200));
    }

    @Test
    void aCallKeepsItsProtocol() throws Exception {
        Keyed call = keyed();
        assertRefused(
                Reason.INSECURE, () -> call.bridge.reoffer(call.bridge.caller(), again(alice.offer(), 2, "sendrecv")));
    }

    @Test
    void anOfferOfFewerCodecsThatIsRefusedLeavesTheOthers() throws Exception {
        Call call = call();
        alice.reach(bob, 0);
        assertInstanceOf(
                Reoffer.PassOn.class, call.out.reoffer(call.out.caller(), again(alice.describe("8"), 2, "sendrecv")));
        bob.reach(alice, 0);
        call.out.rejected();
        alice.drain(50);
        bob.reach(alice, 0);
    }

    @Test
    void anAnswerWithoutKeysToAnOfferWithThemIsRefused() throws Exception {
        Bridge bridge = one.fromPhone(phone("alice"), alice.offer());
        PhoneLeg ring = bridge.newPhoneLeg(new Phone("bob", PlainPhone.HERE, true));
        assertRefused(Reason.INSECURE, () -> ring.answered(bob.describe("0")));
    }

    @Test
    void whatCannotBeCarriedIsRefusedWithItsReason() throws Exception {
        assertRefused(
                Reason.NO_COMMON_CODEC, () -> one.fromPhone(phone("a"), alice.describe("18", "a=rtpmap:18 G729/8000")));
        assertRefused(Reason.MALFORMED, () -> one.fromPhone(phone("a"), new byte[] {1, 2, 3}));
        String web = PlainPhone.text(
                one.fromPhone(phone("a"), alice.offer()).newWebLeg().offer());
        assertRefused(Reason.NOT_ACCEPTABLE, () -> one.fromPhone(phone("a"), web.getBytes(StandardCharsets.UTF_8)));
        assertRefused(Reason.INSECURE, () -> fromWeb(web.replaceAll("a=fingerprint.*\r\n", "")));
        assertRefused(Reason.INSECURE, () -> fromWeb(web.replaceAll("sha-256 .*\r\n", "sha-1 " + SHA_1 + "\r\n")));
        assertRefused(Reason.NOT_ACCEPTABLE, () -> fromWeb(web.replaceAll("a=ice-ufrag.*\r\n", "")));
        assertRefused(Reason.NOT_ACCEPTABLE, () -> fromWeb(web.replaceAll("a=rtcp-mux\r\n", "")));
        assertEquals(1, one.size());
        assertEquals(0, two.size());
    }

    private void fromWeb(String sdp) throws Exception {
        two.fromWeb("b", sdp.getBytes(StandardCharsets.UTF_8));
    }

    private static void assertRefused(Reason reason, Executable what) {
        assertEquals(reason, assertThrows(MediaException.class, what).reason());
    }

    @Test
    void anAccountHasSoManyBridgesAndGetsThemBack() throws Exception {
        var made = new ArrayList<Bridge>();
        for (int i = 0; i < MediaLimits.USUAL.bridgesOfAccount(); i++)
            made.add(one.fromPhone(phone("alice"), alice.offer()));
        assertRefused(Reason.FULL, () -> one.fromPhone(phone("alice"), alice.offer()));
        one.fromPhone(phone("bob"), alice.offer());
        made.getFirst().close();
        one.fromPhone(phone("alice"), alice.offer());
    }

    @Test
    void ofSeveralDevicesTheFirstToAnswerIsKept() throws Exception {
        Bridge out = one.fromPhone(phone("alice"), alice.offer());
        WebLeg first = out.newWebLeg(), second = out.newWebLeg();
        Bridge in = two.fromWeb("bob", second.offer());
        PhoneLeg ring = in.newPhoneLeg(phone("bob"));
        bob.heard(ring.offer());
        ring.answered(bob.describe("0"));
        in.keep(ring);
        second.answered(in.answer());
        out.keep(second);
        alice.heard(out.answer());
        assertThrows(MediaException.class, first::offer);
        assertThrows(MediaException.class, () -> first.answered(bob.describe("0")));
        alice.reach(bob, 0);
    }

    @Test
    void aHeldCallIsSilentAndComesBack() throws Exception {
        Call call = call();
        alice.reach(bob, 0);
        bob.reach(alice, 0);
        byte[] inactive = again(alice.offer(), 2, "inactive");
        var passOn = assertInstanceOf(Reoffer.PassOn.class, call.out.reoffer(call.out.caller(), inactive));
        assertEquals(call.web, passOn.to());
        var next = assertInstanceOf(Reoffer.PassOn.class, call.in.reoffer(call.in.caller(), passOn.offer()));
        assertEquals(Direction.INACTIVE, direction(next.offer()));
        // RFC 3261, section 14.1: 491 for whoever offers at the same time; the first one goes on.
        assertRefused(Reason.PENDING, () -> call.in.reoffer(call.ring, again(bobs(), 2, "sendonly")));
        byte[] back = call.out.reanswered(call.in.reanswered(again(bobs(), 2, "inactive")));
        assertEquals(Direction.INACTIVE, direction(back));
        assertEquals(2, version(back));
        alice.drain(50);
        bob.send(0, new byte[160]);
        assertEquals(List.of(), alice.drain(200));

        passOn = assertInstanceOf(
                Reoffer.PassOn.class, call.out.reoffer(call.out.caller(), again(alice.offer(), 3, "sendrecv")));
        assertInstanceOf(Reoffer.PassOn.class, call.in.reoffer(call.in.caller(), passOn.offer()));
        back = call.out.reanswered(call.in.reanswered(again(bobs(), 3, "sendrecv")));
        assertEquals(Direction.SENDRECV, direction(back));
        bob.reach(alice, 0);
    }

    private static byte[] again(byte[] sdp, int version, String direction) {
        return (PlainPhone.text(sdp).replace("o=phone 1 1", "o=phone 1 " + version) + "a=" + direction + "\r\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static Direction direction(byte[] sdp) throws Exception {
        var read = SessionDescription.parse(sdp);
        return read.direction(read.media().getFirst());
    }

    private static int version(byte[] sdp) throws Exception {
        return SessionDescription.parse(sdp).origin().version().intValue();
    }

    @Test
    void anotherPortOfThePhoneConcernsNobodyElse() throws Exception {
        Call call = call();
        alice.reach(bob, 0);
        try (var moved = new PlainPhone()) {
            moved.peer = alice.peer;
            moved.sequence = 2000;
            var answer = assertInstanceOf(
                    Reoffer.Answer.class, call.out.reoffer(call.out.caller(), again(moved.offer(), 2, "sendrecv")));
            assertEquals(alice.peer.orElseThrow().getPort(), PlainPhone.port(answer.sdp()));
            bob.reach(moved, 0);
            bob.drain(50);
            moved.reach(bob, 0);
        }
    }

    @Test
    void anOfferThatIsRefusedChangesNothing() throws Exception {
        Call call = call();
        alice.reach(bob, 0);
        call.out.reoffer(call.out.caller(), again(alice.offer(), 2, "inactive"));
        call.out.rejected();
        bob.reach(alice, 0);
    }

    @Test
    void aCertificateThatWasNotPromisedEndsTheCall() throws Exception {
        Bridge out = one.fromPhone(phone("alice"), alice.offer());
        WebLeg web = out.newWebLeg();
        String promised = PlainPhone.text(web.offer()).replaceAll("sha-256 ..", "sha-256 00");
        Bridge in = two.fromWeb("bob", promised.getBytes(StandardCharsets.UTF_8));
        PhoneLeg ring = in.newPhoneLeg(phone("bob"));
        ring.answered(bob.describe("0"));
        in.keep(ring);
        var end = new CompletableFuture<End>();
        in.onEnd(end::complete);
        try {
            web.answered(in.answer());
            out.keep(web);
        } catch (MediaException e) {
            // It has ended already.
            assertEquals("the leg is over", e.getMessage());
        }
        assertEquals(End.WRONG_FINGERPRINT, end.get(30, TimeUnit.SECONDS));
        assertEquals(0, two.size());
    }

    @Test
    void whenOneSideEndsTheOtherLearnsOfIt() throws Exception {
        Call call = call();
        alice.reach(bob, 0);
        var end = new CompletableFuture<End>();
        call.in.onEnd(end::complete);
        call.out.close();
        assertEquals(End.GOODBYE, end.get(30, TimeUnit.SECONDS));
    }

    @Test
    void reportsComeWithWhatWasSent() throws Exception {
        try (var rtcp = new DatagramSocket(new InetSocketAddress(PlainPhone.HERE, 0))) {
            String rtcpLine = "a=rtcp:" + rtcp.getLocalPort();
            call(alice.offer(), bob.describe("0", rtcpLine), false);
            alice.reach(bob, 0);
            bob.reach(alice, 0);
            rtcp.setSoTimeout(20_000);
            var in = new DatagramPacket(new byte[2000], 2000);
            rtcp.receive(in);
            assertTrue(Rtcp.senderReport(in.getData(), in.getLength()).isPresent());
            assertEquals(1, in.getData()[0] & 31, "one block about what the phone sent");
        }
    }

    @Test
    void aHouseThatWarmsUpHearsItselfAndKeepsNothing() {
        assertTrue(one.warm());
        assertEquals(0, one.size());
        assertEquals(0L, one.counters().snapshot().getOrDefault("bridges", -1L));
    }
}
