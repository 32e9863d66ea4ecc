package dev.starling.phone;

import dev.starling.agent.Agent;
import dev.starling.agent.AgentWorld;
import dev.starling.agent.Profile;
import dev.starling.agent.Reader;
import dev.starling.agent.UserAgent;
import dev.starling.cms.Content;
import dev.starling.identity.Address;
import dev.starling.identity.Keys;
import dev.starling.media.Bridges;
import dev.starling.media.MediaConfig;
import dev.starling.media.MediaLimits;
import dev.starling.media.PortRange;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestSent;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// The line of a phone of bob, which one of his browsers has allowed, and the phone itself: what it says is proven,
/// what
/// it hears is kept. Alice is somebody with one device.
final class Desk implements AutoCloseable {
    static final Address ALICE = AgentWorld.ALICE;

    /// As browsers offer, so that no sound is needed.
    static final String SDP = """
            v=0
            o=- 1 1 IN IP4 192.0.2.7
            s=-
            c=IN IP4 192.0.2.7
            t=0 0
            m=audio 9 UDP/TLS/RTP/SAVPF 0
            a=ice-ufrag:abcd
            a=ice-pwd:abcdefghijklmnopqrstuv
            a=setup:actpass
            a=fingerprint:sha-256 %s
            """.formatted("AB:".repeat(31) + "AB").replace("\n", "\r\n");

    final AgentWorld it;
    final UserAgent browser, alice;
    final PhoneLine line;
    final Phone phone = new Phone();
    private final Bridges bridges;
    private final TransactionLayer transactions;
    volatile boolean isRegistered = true;

    Desk(Path folder) throws Exception {
        it = new AgentWorld(folder);
        transactions = new TransactionLayer(it.timers);
        Keys.Held browsers = it.world.device(AgentWorld.BOB.text()), hers = it.world.device(ALICE.text());
        it.list(AgentWorld.BOB, browsers, it.phone);
        it.list(ALICE, hers);
        browser = it.online(new Profile(AgentWorld.BOB, browsers));
        alice = it.online(new Profile(ALICE, hers));
        bridges = new Bridges(new MediaConfig(
                List.of(InetAddress.getLoopbackAddress()),
                new PortRange(20_000, 29_999),
                new PortRange(30_000, 39_999),
                InetAddress::isLoopbackAddress,
                MediaLimits.USUAL));
        Reader reader = (from, _, text) -> PhoneLine.show(handset(), from.address(), AgentWorld.BOB, text.text());
        Agent agent = it.agent(reader);
        var account = new PhoneAccount("bob", AgentWorld.BOB, "Desk", Ha1.of("bob", "x", "secret"), false, false);
        line = new PhoneLine(account, agent, this::handset, bridges, Optional::empty, it.timers);
        agent.start();
        it.peer.await("REGISTER");
        it.timers.pass(Duration.ZERO);
        it.tell(browser, AgentWorld.grant(AgentWorld.key(7), AgentWorld.key(8)));
        it.tell(browser, new Content.Entries(List.of(it.contact(ALICE, "Alice"))));
        it.timers.pass(Duration.ZERO);
    }

    private Optional<Handset> handset() {
        return isRegistered ? Optional.of(phone) : Optional.empty();
    }

    /// What the phone asks, once it has proven who it is; as the edge for phones hands it on.
    void asks(Edit request) throws SipException {
        SipMessage message = request.build();
        if (message.method().equals("ACK")) {
            if (!transactions.again(message, phone, TransactionLayer.key(message, phone)))
                line.phoneAcknowledges(message);
            return;
        }
        var server = transactions.received(message, phone);
        if (server.isEmpty()) return;
        if (message.method().equals("CANCEL")) {
            var invite = transactions.cancelled(message, phone);
            server.get()
                    .respond(Edit.response(message, invite.isPresent() ? 200 : 481, "x", "t")
                            .build());
            invite.ifPresent(each -> each.cancel(List.of()));
            return;
        }
        try {
            line.phoneAsks(message, server.get());
        } catch (SipException e) {
            Answers.respond(server.get(), e);
        }
    }

    /// The phone, and the flow by which it is reached.
    final class Phone implements Handset, Flow {
        final LinkedBlockingQueue<SipMessage> heard = new LinkedBlockingQueue<>();
        private int branch, cseq;

        /// Answers requests to it with this status; 0: says nothing.
        volatile int answers = 200;

        Edit request(String method, String uri) {
            return Edit.request(method, uri)
                    .add("Via", "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKp" + branch++)
                    .add("Max-Forwards", "70")
                    .add("From", "<sip:bob@example.net>;tag=phone")
                    .add("To", "<" + uri + ">")
                    .add("Call-ID", "call")
                    .add("CSeq", ++cseq + " " + method);
        }

        int cseq() {
            return cseq;
        }

        Edit invite(Address whom) {
            return request("INVITE", whom.uri())
                    .add("Contact", "<sip:bob@192.0.2.7>")
                    .body("application/sdp", SDP.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        }

        SipMessage next() throws InterruptedException {
            return Optional.ofNullable(heard.poll(20, TimeUnit.SECONDS)).orElseThrow();
        }

        /// The next answer that is final.
        SipMessage answer() throws InterruptedException {
            SipMessage next = next();
            while (next.isRequest() || next.status() < 200) next = next();
            return next;
        }

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
            return true;
        }

        @Override
        public boolean isSecure() {
            return true;
        }

        @Override
        public RequestSent send(Edit request, Consumer<SipMessage> user) throws SipException {
            return transactions.send(
                    request.prepend("Max-Forwards", "70")
                            .prepend("Via", "SIP/2.0/UDP 198.51.100.1;branch=" + TransactionLayer.branch())
                            .build(),
                    this,
                    user);
        }

        @Override
        public void cancel(RequestSent invite, List<String> reasons) {
            // Nobody looks.
        }

        @Override
        public void acknowledge(Edit ack) {
            // Nobody looks.
        }

        @Override
        public String id() {
            return "phone";
        }

        @Override
        public String transport() {
            return "UDP";
        }

        @Override
        public Optional<String> peer() {
            return Optional.empty();
        }

        @Override
        public Optional<InetSocketAddress> remote() {
            return Optional.of(new InetSocketAddress(source(), 5060));
        }

        @Override
        public void admit() {
            // Everybody is.
        }

        @Override
        public void send(byte[] bytes) {
            try {
                SipMessage message = SipMessage.parse(bytes);
                heard.add(message);
                if (!message.isRequest() || answers == 0) return;
                SipMessage answer =
                        Edit.response(message, answers, "So it is", "phone").build();
                Thread.ofVirtual().start(() -> transactions.answered(answer, this));
            } catch (SipException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void close(String reason) {
            throw new AssertionError(reason);
        }

        @Override
        public boolean isOpen() {
            return true;
        }
    }

    @Override
    public void close() {
        bridges.close();
        it.close();
    }
}
