package dev.starling.media;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.media.MediaException.Reason;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What others try with the ports of a call between two phones; each is named once.
class GatewayAttacksTest {
    private static final InetAddress MALLORY = InetAddress.ofLiteral("127.0.0.66");

    private final List<String> named = new CopyOnWriteArrayList<>();
    private Bridges bridges;
    private PlainPhone alice, bob;
    private Bridge call;

    @BeforeEach
    void begin() throws Exception {
        bridges = new Bridges(new MediaConfig(
                List.of(PlainPhone.HERE),
                new PortRange(20_000, 29_999),
                new PortRange(30_000, 39_999),
                PlainPhone.HERE::equals,
                (who, what) -> named.add(what + ", " + who.getHostAddress()),
                MediaLimits.USUAL));
        alice = new PlainPhone();
        bob = new PlainPhone();
        call = bridges.fromPhone(new Phone("alice", PlainPhone.HERE, false), alice.offer());
        PhoneLeg ring = call.newPhoneLeg(new Phone("bob", PlainPhone.HERE, false));
        bob.heard(ring.offer());
        ring.answered(bob.describe("0 8"));
        call.keep(ring);
        alice.heard(call.answer());
    }

    @AfterEach
    void end() {
        bridges.close();
        alice.close();
        bob.close();
    }

    private long dropped(String why) {
        return bridges.counters().snapshot().getOrDefault("dropped." + why, 0L);
    }

    private void until(String why, long count) throws InterruptedException {
        for (int i = 0; i < 500 && dropped(why) < count; i++) Thread.sleep(Duration.ofMillis(10));
        assertEquals(count, dropped(why), why);
    }

    private static byte[] packet(int sequence, byte[] payload) {
        byte[] bytes = new byte[12 + payload.length];
        int length = new RtpPacket(false, 0, sequence, 160 * sequence, 7, payload).write(bytes);
        assertEquals(bytes.length, length);
        return bytes;
    }

    private void send(InetAddress from, byte[] bytes) throws Exception {
        try (var socket = new DatagramSocket(new InetSocketAddress(from, 0))) {
            socket.send(new DatagramPacket(bytes, bytes.length, alice.peer.orElseThrow()));
        }
    }

    @Test
    void aThirdAddressSendsNothingThroughBeforeAnybodySpoke() throws Exception {
        for (int i = 0; i < 20; i++) send(MALLORY, packet(i, PlainPhone.payload(i)));
        until("stranger", 20);
        assertEquals(Optional.empty(), bob.receive(100), "no relay for everybody");
        bob.reach(alice, 0);
        assertEquals(List.of("Sound from somebody else, 127.0.0.66"), named);
    }

    @Test
    void nobodyTakesAPhonesPlaceWhileItSpeaks() throws Exception {
        alice.reach(bob, 0);
        bob.reach(alice, 0);
        for (int i = 0; i < 20; i++) {
            send(MALLORY, packet(i, PlainPhone.payload(i)));
            // The same host, from another port.
            send(PlainPhone.HERE, packet(i, PlainPhone.payload(i)));
        }
        until("stranger", 40);
        bob.drain(50);
        bob.send(0, PlainPhone.payload(1));
        assertTrue(alice.receive(5_000).isPresent(), "what is for alice still goes to her");
        assertEquals(List.of("Sound from somebody else, 127.0.0.66"), named, "once, however often");
    }

    @Test
    void whatIsTooLongOrCutOffGoesNowhere() throws Exception {
        alice.reach(bob, 0);
        bob.drain(50);
        for (byte[] each : List.of(new byte[1501], new byte[60_000]))
            alice.rtp.send(new DatagramPacket(each, each.length, alice.peer.orElseThrow()));
        until("oversize", 2);
        for (int length = 0; length < 12; length++)
            alice.rtp.send(new DatagramPacket(new byte[length], length, alice.peer.orElseThrow()));
        until("malformed", 12);
        assertEquals(Optional.empty(), bob.receive(100));
        assertEquals(List.of("Sound in packets too long, 127.0.0.1", "What is no sound, 127.0.0.1"), named);
        alice.reach(bob, 0);
    }

    @Test
    void aPhoneSendsSoManyPacketsASecondAndNoMore() throws Exception {
        int limit = MediaLimits.USUAL.packetsPerSecond();
        for (int i = 0; i < 5 * limit; i++) alice.send(0, PlainPhone.payload(i));
        for (int i = 0; i < 500 && dropped("rate") == 0; i++) Thread.sleep(Duration.ofMillis(10));
        assertTrue(dropped("rate") > 0);
        assertEquals(List.of("Sound in too many packets, 127.0.0.1"), named);
    }

    @Test
    void aDescriptionPointsUsAtNobody() throws Exception {
        String hostile =
                new String(alice.offer(), StandardCharsets.UTF_8).replace("c=IN IP4 127.0.0.1", "c=IN IP4 127.0.0.66");
        try (var victim = new DatagramSocket(new InetSocketAddress(MALLORY, alice.rtp.getLocalPort()))) {
            Bridge aimed = bridges.fromPhone(
                    new Phone("mallory", PlainPhone.HERE, false), hostile.getBytes(StandardCharsets.UTF_8));
            PhoneLeg ring = aimed.newPhoneLeg(new Phone("bob", PlainPhone.HERE, false));
            bob.heard(ring.offer());
            ring.answered(bob.describe("0 8"));
            aimed.keep(ring);
            aimed.answer();
            for (int i = 0; i < 20; i++) bob.send(0, PlainPhone.payload(i));
            victim.setSoTimeout(200);
            assertThrows(
                    java.net.SocketTimeoutException.class,
                    () -> victim.receive(new DatagramPacket(new byte[2_000], 2_000)));
        }
    }

    @Test
    void descriptionsWithoutEndOrSenseAreRefused() {
        String good = new String(alice.offer(), StandardCharsets.UTF_8);
        for (String each : List.of(
                "",
                "v=0",
                good.replace("c=IN IP4 127.0.0.1", "c=IN IP4 attacker.example"),
                good.replaceAll("m=audio \\d+", "m=audio 99999"),
                good.replaceAll("m=audio \\d+", "m=audio -1"),
                good + "a=x:".repeat(100_000),
                good + "m=audio 1 RTP/AVP 0\r\n".repeat(10_000))) {
            var e = assertThrows(
                    MediaException.class,
                    () -> bridges.fromPhone(
                            new Phone("m", PlainPhone.HERE, false), each.getBytes(StandardCharsets.UTF_8)));
            assertTrue(List.of(Reason.MALFORMED, Reason.NOT_ACCEPTABLE).contains(e.reason()), e.toString());
        }
        assertEquals(1, bridges.size(), "the call that there is");
    }
}
