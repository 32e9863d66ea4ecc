package dev.starling.phone;

import dev.starling.classic.ClassicEdge;
import dev.starling.classic.ClassicUser;
import dev.starling.classic.Stranger;
import dev.starling.media.Bridges;
import dev.starling.media.MediaConfig;
import dev.starling.media.MediaLimits;
import dev.starling.media.PortRange;
import dev.starling.proxy.SimulatedTime;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.locating.Names;
import dev.starling.sip.locating.Srv;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.NeighbourTransport;
import dev.starling.sip.transport.Offences;
import dev.starling.sip.transport.PhoneTransport;
import dev.starling.sip.transport.Tap;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;

/// Phones of bob, by UDP, that carol's server at an ordinary SIP domain makes ring: both edges in simulated time, with
/// networks that are lists, and sound at ports of this host.
final class ForkWorld implements ClassicUser, AutoCloseable {
    /// Below what systems give out by themselves, and apart from those of the same test in another process.
    static final PortRange PORTS = ports(10_000);

    static final String SDP = """
            v=0
            o=phone 1 1 IN IP4 127.0.0.1
            s=-
            c=IN IP4 127.0.0.1
            t=0 0
            m=audio 9 RTP/AVP 0 8
            """.replace("\n", "\r\n");

    final PhoneWorld phones;
    final SimulatedTime time;
    final Bridges bridges;
    final ClassicEdge edge;
    final PhoneWorld.PhoneFlow server;

    /// Those that ring; their flows are those of [PhoneWorld].
    final List<Callee> callees = new ArrayList<>();

    final List<PhoneCall> calls = new CopyOnWriteArrayList<>();

    final BlockingQueue<SipMessage> acknowledged = new LinkedBlockingQueue<>();

    /// What happens before they ring.
    volatile Consumer<Stranger> before = _ -> {};

    private final PhoneTransport transport;
    private final NeighbourDialogs dialogs;
    private int branch;

    ForkWorld(Path folder, String caller) throws Exception {
        phones = new PhoneWorld(folder.resolve("phones.db"));
        time = phones.time;
        dialogs = new NeighbourDialogs(time);
        var here = List.of(InetAddress.getLoopbackAddress());
        bridges = new Bridges(new MediaConfig(here, PORTS, PORTS, _ -> true, MediaLimits.USUAL));
        transport = new PhoneTransport(
                new PhoneTransport.Listening(here, 0, OptionalInt.empty(), Optional.empty()),
                PhoneTransport.Limits.USUAL,
                Optional.empty(),
                (_, _) -> Optional.empty(),
                time);
        var tls = SSLContext.getDefault();
        edge = new ClassicEdge(
                phones,
                receiver -> new NeighbourTransport(transport, tls, _ -> true, new Tap(), receiver),
                _ -> true,
                new Nowhere(),
                this,
                time,
                new Offences(System.getLogger("starling.fork.test"), time),
                time);
        var remote = new InetSocketAddress(InetAddress.ofLiteral("9.9.9.9"), 5060);
        server = new PhoneWorld.PhoneFlow("server", caller, remote, this::gone);
    }

    private static PortRange ports(int from) {
        int first = from + (int) (ProcessHandle.current().pid() % 90) * 100;
        return new PortRange(first, first + 99);
    }

    private void gone(Flow flow) {
        edge.closed(flow);
    }

    private record Nowhere() implements Names {
        @Override
        public List<Naptr> naptr(String domain) {
            return List.of();
        }

        @Override
        public List<Srv> srv(String name) {
            return List.of();
        }

        @Override
        public List<InetAddress> addresses(String host) {
            return List.of();
        }
    }

    @Override
    public boolean serves(String domain) {
        return domain.equals("example.net");
    }

    @Override
    public void asks(Stranger stranger) {
        before.accept(stranger);
        try {
            var source = InetAddress.ofLiteral("9.9.9.9");
            var phone = new dev.starling.media.Phone("bob", source, false);
            var bridge =
                    Sound.of(() -> bridges.fromPhone(phone, stranger.request().body()));
            new Fork(stranger, bridge, time).ring(callees);
        } catch (SipException e) {
            ClassicEdge.refuse(stranger.server(), e);
        }
    }

    @Override
    public void within(SipMessage request, RequestReceived asked) {
        try {
            DialogId id = DialogId.of(request);
            PhoneCall call = calls.stream()
                    .filter(each -> each.isWithDevice(id))
                    .findFirst()
                    .orElseThrow(PhoneCall::noDialog);
            dialogs.within(call, new Neighbour(edge, server, "bob"), request, asked);
        } catch (SipException e) {
            ClassicEdge.refuse(asked, e);
        }
    }

    @Override
    public void acknowledged(SipMessage ack) {
        try {
            dialogs.acknowledged(DialogId.of(ack), ack.cseq());
            acknowledged.add(ack);
        } catch (SipException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void gone(List<RequestReceived> unanswered) {
        for (RequestReceived each : unanswered) each.cancel(List.of());
    }

    /// One of bob's phones, which has registered from `host`.
    PhoneWorld.PhoneFlow phone(String host) {
        TestPhone phone = phones.phone("bob", "UDP", host, 5060);
        phone.register();
        Binding binding = phones.registrar.of("bob").stream()
                .filter(each -> each.flow() == phone.flow)
                .findFirst()
                .orElseThrow();
        callees.add(new Rung(Handset.of(phones.edge, binding)));
        return phone.flow;
    }

    class Rung implements Callee {
        private final Handset handset;

        Rung(Handset handset) {
            this.handset = handset;
        }

        @Override
        public Handset handset() {
            return handset;
        }

        @Override
        public String shown() {
            return "not verified: Carol";
        }

        @Override
        public PhoneCall begin(Descriptions descriptions) throws SipException {
            var call = new PhoneCall(handset, descriptions, calls::remove);
            calls.add(call);
            return call;
        }

        @Override
        public void await(CallFromNeighbour caller) {
            dialogs.await(caller);
        }

        @Override
        public Neighbour neighbour(Flow flow) throws SipException {
            return new Neighbour(edge, flow, "bob");
        }
    }

    /// Of carol's server to bob, with the headers that all have.
    Edit request(String method, String callId) {
        return Edit.request(method, "sip:bob@example.net")
                .add("Via", "SIP/2.0/" + server.transport() + " 9.9.9.9:5060;branch=z9hG4bKc" + branch++)
                .add("Max-Forwards", "70")
                .add("From", "\"Carol\" <sip:carol@classic.example>;tag=carol")
                .add("To", "<sip:bob@example.net>")
                .add("Call-ID", callId)
                .add("CSeq", "1 " + method);
    }

    Edit invite(String callId) {
        return request("INVITE", callId)
                .add("Contact", "<sip:carol@9.9.9.9:5060>")
                .body("application/sdp", SDP.getBytes(StandardCharsets.US_ASCII));
    }

    static Edit cancel(SipMessage invite) {
        return Edit.request("CANCEL", invite.uri())
                .add("Via", invite.topVia())
                .add("Max-Forwards", "70")
                .add("From", invite.required("from"))
                .add("To", invite.required("to"))
                .add("Call-ID", invite.callId())
                .add("CSeq", invite.cseq() + " CANCEL");
    }

    void says(Edit request) {
        edge.received(server, request.toBytes());
    }

    /// What one of bob's phones answers; it has been dealt with then.
    void says(PhoneWorld.PhoneFlow phone, SipMessage request, int status, String sdp) {
        saysSoon(phone, request, status, sdp);
        settle(phone);
    }

    /// Messages of one phone are taken in their order: what comes after all others has come to somebody.
    void settle(PhoneWorld.PhoneFlow phone) {
        String last = "last" + branch;
        phones.edge.received(phone, request("ACK", last).toBytes());
        String seen = "";
        while (!seen.equals(last)) seen = PhoneWorld.next(phones.acknowledged).callId();
    }

    void saysSoon(PhoneWorld.PhoneFlow phone, SipMessage request, int status, String sdp) {
        Edit answer = Edit.response(request, status, "x", phone.id().replaceAll("\\W", ""));
        answer.add("Contact", "<sip:bob@" + phone.remote().orElseThrow().getHostString() + ">");
        if (!sdp.isEmpty()) answer.body("application/sdp", sdp.getBytes(StandardCharsets.US_ASCII));
        phones.edge.received(phone, answer.toBytes());
    }

    /// The next message that is sent there, 100 Trying left out.
    static SipMessage next(PhoneWorld.PhoneFlow flow) {
        return next(flow.sent);
    }

    private static SipMessage next(BlockingQueue<byte[]> sent) {
        try {
            SipMessage next;
            do
                next = SipMessage.parse(
                        Optional.ofNullable(sent.poll(20, TimeUnit.SECONDS)).orElseThrow());
            while (next.status() == 100);
            return next;
        } catch (InterruptedException | SipException e) {
            throw new AssertionError(e);
        }
    }

    /// The next one, as `200 INVITE` or `CANCEL`.
    static String line(PhoneWorld.PhoneFlow flow) {
        return line(next(flow));
    }

    static String line(SipMessage message) {
        return message.isRequest() ? message.method() : message.status() + " " + message.cseqMethod();
    }

    /// The ports of sound of which somebody still makes use.
    static List<Integer> portsInUse() {
        var used = new ArrayList<Integer>();
        for (int port = PORTS.first(); port <= PORTS.last(); port++) {
            try {
                new DatagramSocket(port, InetAddress.getLoopbackAddress()).close();
            } catch (IOException e) {
                used.add(port);
            }
        }
        return used;
    }

    @Override
    public void close() {
        bridges.close();
        transport.close();
        phones.close();
    }
}
