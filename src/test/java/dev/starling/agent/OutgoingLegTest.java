package dev.starling.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.locate.Memory;
import dev.starling.locate.World;
import dev.starling.record.Bodies;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Flow;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A call to one device, against a peer that answers what it likes.
class OutgoingLegTest {
    private static final byte[] SDP =
            ("v=0\r\na=fingerprint:sha-256 " + "AB:".repeat(31) + "AB\r\n").getBytes(StandardCharsets.US_ASCII);
    private static final List<String> DIRECT = List.of();
    private static final List<String> ROUTED =
            List.of("<sip:other.example:5061;transport=tls;pin=" + "ab".repeat(32) + ";lr>");

    /// The peer: what it was asked, and the flow to answer on.
    private static final class Edge implements Flow.Receiver {
        final LinkedBlockingQueue<SipMessage> heard = new LinkedBlockingQueue<>();
        volatile Optional<Flow> flow = Optional.empty();

        @Override
        public void received(Flow from, byte[] message) {
            flow = Optional.of(from);
            try {
                heard.add(SipMessage.parse(message));
            } catch (SipException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void closed(Flow from) {
            flow = Optional.empty();
        }

        SipMessage next(String method) throws InterruptedException {
            SipMessage message = heard.poll(20, TimeUnit.SECONDS);
            assertTrue(message != null, "waited for " + method);
            assertEquals(method, message.method());
            return message;
        }

        void say(Edit answer) throws SipException {
            flow.orElseThrow().send(answer.build().bytes());
        }
    }

    private static final class Heard implements OutgoingLeg.Listener {
        final LinkedBlockingQueue<String> said = new LinkedBlockingQueue<>();
        volatile boolean takes = true;

        @Override
        public void ringing() {
            said.add("ringing");
        }

        @Override
        public boolean answered(OutgoingLeg leg, Dialog dialog) {
            said.add("answered");
            return takes;
        }

        @Override
        public void failed(OutgoingLeg leg, int status, String reason) {
            said.add("failed " + status + " " + reason);
        }

        String next() throws InterruptedException {
            return String.valueOf(said.poll(20, TimeUnit.SECONDS));
        }
    }

    private static final class Sound implements LegMedia {
        final LinkedBlockingQueue<byte[]> answers = new LinkedBlockingQueue<>();
        volatile boolean closed;

        @Override
        public byte[] offer() {
            return SDP;
        }

        @Override
        public void answered(byte[] sdp) {
            answers.add(sdp);
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private final Edge edge = new Edge();
    private final Heard heard = new Heard();
    private final Sound sound = new Sound();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private World world;
    private Memory memory;
    private UserAgent ua;
    private Profile bob;
    private Authenticity bobs;

    @BeforeEach
    void begin(@TempDir Path folder) throws Exception {
        world = new World(folder);
        memory = new Memory(folder.resolve("memory.db"), World.NETWORK, 100, 100);
        var certificates = world.service(memory).certificates();
        var place = new Bodies.PeerPlace(
                "sip:peer.example:5061;transport=tls", DeviceId.of(new byte[32]), "https://peer.example/");
        var alice = new Profile(new Address("alice@example.net"), world.device("alice@example.net"));
        ua = new UserAgent(
                alice,
                "",
                new UserAgent.Home(edge, place),
                certificates,
                (delay, task) -> {
                    var due = timer.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
                    return () -> due.cancel(false);
                },
                world.clock);
        bob = new Profile(World.BOB, world.device(World.BOB.text()));
        bobs = new UserAgent(
                        bob, "", new UserAgent.Home(new Edge(), place), certificates, (_, _) -> () -> {}, world.clock)
                .authenticity();
    }

    @AfterEach
    void end() throws Exception {
        ua.close();
        timer.shutdownNow();
        memory.close();
        world.close();
    }

    private OutgoingLeg call(List<List<String>> ways) {
        var invite = Outgoing.to("INVITE", bob.gruu()).with("Contact", ua.contact());
        var leg = new OutgoingLeg(ua, invite, ways, sound, heard);
        leg.start();
        return leg;
    }

    private Edit plain(SipMessage invite, int status, byte[] sdp) {
        Edit answer = Edit.response(invite, status, "So it is", "bobs-tag").add("Contact", "<" + bob.gruu() + ">");
        return sdp.length == 0 ? answer : answer.body("application/sdp", sdp);
    }

    private Edit signed(SipMessage invite, int status, byte[] sdp) throws SipException {
        Edit answer = plain(invite, status, sdp);
        bobs.signAnswer(bobs.check(invite), invite, answer);
        return answer;
    }

    @Test
    void itIsAnsweredAcknowledgedAndHeard() throws Exception {
        call(List.of(DIRECT));
        SipMessage invite = edge.next("INVITE");
        var believed = bobs.check(invite);
        Edit ringing = plain(invite, 180, new byte[0]);
        bobs.signAnswer(believed, invite, ringing);
        edge.say(ringing);
        assertEquals("ringing", heard.next());
        Edit ok = plain(invite, 200, SDP);
        bobs.signAnswer(believed, invite, ok);
        edge.say(ok);
        assertEquals("answered", heard.next());
        assertEquals(invite.callId(), edge.next("ACK").callId());
        assertEquals(1, sound.answers.size());
    }

    @Test
    void anAnswerThatNobodySignedIsNotUsed() throws Exception {
        call(List.of(DIRECT));
        SipMessage invite = edge.next("INVITE");
        edge.say(plain(invite, 200, SDP));
        edge.next("ACK");
        edge.next("BYE");
        assertEquals("failed 500 Not genuine", heard.next());
        assertEquals(0, sound.answers.size());
        assertTrue(sound.closed);
    }

    @Test
    void afterAForgedAnswerItBeginsAnewAlongTheNextWay() throws Exception {
        call(List.of(DIRECT, ROUTED));
        SipMessage first = edge.next("INVITE");
        edge.say(plain(first, 180, new byte[0]));
        assertEquals(first.callId(), edge.next("CANCEL").callId());
        SipMessage second = edge.next("INVITE");
        assertNotEquals(first.callId(), second.callId());
        assertEquals(ROUTED, second.all("route"));
        edge.say(plain(second, 603, new byte[0]));
        assertEquals("failed 603 So it is", heard.next());
        assertEquals(0, sound.answers.size());
    }

    @Test
    void silenceSendsACopyAlongTheNextWay() throws Exception {
        call(List.of(DIRECT, ROUTED));
        SipMessage first = edge.next("INVITE"), copy = edge.next("INVITE");
        assertEquals(first.callId(), copy.callId());
        assertEquals(first.cseq(), copy.cseq());
        assertEquals(List.of(), first.all("route"));
        assertEquals(ROUTED, copy.all("route"));
        assertNotEquals(first.required("identity"), copy.required("identity"));
    }

    @Test
    void aCancelWaitsForTheFirstProvisionalAnswer() throws Exception {
        var leg = call(List.of(DIRECT));
        SipMessage invite = edge.next("INVITE");
        leg.cancel("SIP;cause=200");
        edge.say(Edit.response(invite, 100, "Trying", ""));
        SipMessage cancel = edge.next("CANCEL");
        assertEquals(List.of("SIP;cause=200"), cancel.all("reason"));
        assertEquals(invite.branch(), cancel.branch());
    }

    @Test
    void whoAnswersTooLateIsAcknowledgedAndLeft() throws Exception {
        var leg = call(List.of(DIRECT));
        SipMessage invite = edge.next("INVITE");
        Edit ok = signed(invite, 200, SDP);
        leg.cancel("");
        edge.say(Edit.response(invite, 100, "Trying", ""));
        edge.next("CANCEL");
        edge.say(ok);
        edge.next("ACK");
        edge.next("BYE");
        assertEquals(0, heard.said.size());
    }

    @Test
    void whoIsBusyEndsIt() throws Exception {
        call(List.of(DIRECT, ROUTED));
        edge.say(plain(edge.next("INVITE"), 486, new byte[0]));
        assertEquals("failed 486 So it is", heard.next());
    }
}
