package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.agent.Profile;
import dev.starling.agent.UserAgent;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.locate.Memory;
import dev.starling.locate.World;
import dev.starling.record.Bodies;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestSent;
import dev.starling.sip.transport.Flow;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who may change a call that a device has with a phone.
class PhoneCallTest {
    private static final byte[] SDP =
            ("v=0\r\na=fingerprint:sha-256 " + "AB:".repeat(31) + "AB\r\n").getBytes(StandardCharsets.US_ASCII);
    private static final Address ALICE = new Address("alice@example.net");

    /// The peer between user agents: who speaks first is bob; what is asked goes to him, what he answers to whoever
    /// asked last.
    private static final class Wire implements Flow.Receiver {
        private volatile Optional<Flow> bob = Optional.empty(), other = Optional.empty();
        private final LinkedBlockingQueue<String> known = new LinkedBlockingQueue<>();

        @Override
        public void received(Flow flow, byte[] bytes) {
            String text = new String(bytes, StandardCharsets.UTF_8);
            if (text.startsWith("ACK") && bob.isEmpty()) {
                bob = Optional.of(flow);
                known.add("bob");
            } else if (text.startsWith("SIP/2.0")) {
                other.orElseThrow().send(bytes);
            } else {
                other = Optional.of(flow);
                bob.orElseThrow().send(bytes);
            }
        }

        @Override
        public void closed(Flow flow) {
            // Nobody asks for it any more.
        }
    }

    /// A phone that nothing is said to.
    private record Silent() implements Handset {
        @Override
        public String target() {
            return "sip:bob@192.0.2.7";
        }

        @Override
        public String contact() {
            return "<sip:bob@198.51.100.1>";
        }

        @Override
        public InetAddress source() {
            return InetAddress.ofLiteral("192.0.2.7");
        }

        @Override
        public boolean isWeb() {
            return false;
        }

        @Override
        public boolean isSecure() {
            return false;
        }

        @Override
        public RequestSent send(Edit request, Consumer<SipMessage> answers) {
            throw new AssertionError("nothing is sent");
        }

        @Override
        public void cancel(RequestSent invite, List<String> reasons) {
            throw new AssertionError("nothing is sent");
        }

        @Override
        public void acknowledge(Edit ack) {
            throw new AssertionError("nothing is sent");
        }
    }

    private final Wire wire = new Wire();
    private World world;
    private Memory memory;
    private Profile us;
    private UserAgent bob, alice, otherDevice;
    private Dialog toBob;

    @BeforeEach
    void begin(@TempDir Path folder) throws Exception {
        world = new World(folder);
        memory = new Memory(folder.resolve("memory.db"), World.NETWORK, 100, 100);
        us = new Profile(World.BOB, world.device(World.BOB.text()));
        bob = userAgent(us);
        alice = userAgent(new Profile(ALICE, world.device(ALICE.text())));
        otherDevice = userAgent(new Profile(ALICE, world.device(ALICE.text())));
        toBob = dialog(new DialogId("call", "a", "b"), ALICE, World.BOB, us.gruu(), 1, -1);
        var call = new PhoneCall(new Silent(), new Untouched(SDP), _ -> {});
        assertTrue(call.withDevice(
                Far.of(bob),
                dialog(
                        new DialogId("call", "b", "a"),
                        World.BOB,
                        ALICE,
                        alice.us().gruu(),
                        0,
                        1)));
        bob.on("INVITE", incoming -> {
            call.fromDevice(incoming);
            var _ = incoming.answer(200, "OK", edit -> edit.body("application/sdp", SDP));
        });
        bob.acknowledge(toBob.ack(1));
        assertEquals("bob", wire.known.poll(20, TimeUnit.SECONDS));
    }

    private UserAgent userAgent(Profile profile) {
        var place = new Bodies.PeerPlace(
                "sip:peer.example:5061;transport=tls", DeviceId.of(new byte[32]), "https://peer.example/");
        return new UserAgent(
                profile,
                "",
                new UserAgent.Home(wire, place),
                world.service(memory).certificates(),
                (_, _) -> () -> {},
                world.clock);
    }

    private static Dialog dialog(DialogId id, Address local, Address remote, String target, long ours, long theirs) {
        return new Dialog(
                id, "<" + local.uri() + ">", "<" + remote.uri() + ">", target, List.of(), ours, theirs, false);
    }

    @AfterEach
    void end() throws Exception {
        for (UserAgent each : List.of(bob, alice, otherDevice)) each.close();
        memory.close();
        world.close();
    }

    private static int answer(UserAgent from, Dialog.Outgoing invite) throws SipException, InterruptedException {
        var answered = new LinkedBlockingQueue<Integer>();
        from.send(invite, SDP, answer -> {
            if (answer.status() >= 200) answered.add(answer.status());
        });
        return Optional.ofNullable(answered.poll(20, TimeUnit.SECONDS)).orElse(0);
    }

    @Test
    void theDeviceOfTheCallMakesANewOffer() throws Exception {
        assertEquals(200, answer(alice, toBob.request("INVITE")));
    }

    @Test
    void anotherDeviceDoesNotThoughItIsOfTheSamePersonAndKnowsTheDialog() throws Exception {
        assertEquals(403, answer(otherDevice, toBob.request("INVITE")));
        assertEquals(200, answer(alice, toBob.request("INVITE")), "and the call goes on");
    }

    @Test
    void whatNobodySignedIsNoNewOffer() throws Exception {
        var answered = new LinkedBlockingQueue<Integer>();
        alice.send(toBob.request("INVITE"), answer -> answered.add(answer.status()));
        assertEquals(Optional.of(428), Optional.ofNullable(answered.poll(20, TimeUnit.SECONDS)));
    }

    @Test
    void anOldOneComesTooLate() throws Exception {
        var first = toBob.request("INVITE");
        assertEquals(200, answer(alice, first.dialog().request("INVITE")));
        assertEquals(500, answer(alice, toBob.request("INVITE")), "RFC 3261, section 12.2.2: out of order");
    }
}
