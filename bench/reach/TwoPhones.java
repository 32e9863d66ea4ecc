import dev.starling.phone.Binding;
import dev.starling.phone.PhoneEdge;
import dev.starling.phone.PhoneRegistrar;
import dev.starling.phone.PhoneUser;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Joins two phones of one peer with nothing between them: a back-to-back user agent as `phone.PhoneCall` is one, without
/// looking anybody up, signing, and sound. One dialog at each side, tags and Call-IDs of our own.
final class TwoPhones implements PhoneUser {
    private static final Set<String> COPIED = Set.of("content-type", "user-agent", "supported", "allow");

    /// One end of a call: the dialog that the peer has with that phone.
    private record End(DialogId id, Flow flow, String target, String local, String remote) {}

    private record Other(String account, End other) {}

    private final PhoneRegistrar registrar;
    private final Map<DialogId, Other> calls = new ConcurrentHashMap<>();
    private PhoneEdge edge;

    TwoPhones(PhoneRegistrar registrar) {
        this.registrar = registrar;
    }

    void over(PhoneEdge itself) {
        edge = itself;
    }

    @Override
    public void request(String account, Flow flow, SipMessage request, RequestReceived server) {
        try {
            switch (request.method()) {
                case "MESSAGE" -> {
                    Binding to = called(request);
                    var copy = copy(request, "MESSAGE", to.contact(), TransactionLayer.tag(), TransactionLayer.tag());
                    edge.send(copy, to, answer -> respond(server, answer, "", TransactionLayer.tag()));
                }
                case "INVITE" -> invite(account, flow, request, server);
                case "BYE" -> bye(request, server);
                default -> throw new SipException(405, "Method Not Allowed");
            }
        } catch (SipException e) {
            refuse(server, e);
        }
    }

    private void invite(String account, Flow flow, SipMessage request, RequestReceived server) throws SipException {
        Binding to = called(request);
        String ours = TransactionLayer.tag(), towards = TransactionLayer.tag(), call = TransactionLayer.tag();
        String contact = edge.contact(to.flow(), "c" + ours);
        var copy = copy(request, "INVITE", to.contact(), towards, call).add("Contact", contact);
        edge.send(copy, to, answer -> {
            if (answer.status() / 100 == 2) answered(account, flow, request, to, answer, ours);
            respond(server, answer, edge.contact(flow, "c" + ours), ours);
        });
    }

    private void answered(
            String account, Flow flow, SipMessage request, Binding to, SipMessage answer, String ours) {
        var a = new DialogId(request.callId(), ours, request.fromTag().orElse(""));
        var b = new DialogId(answer.callId(), answer.fromTag().orElse(""), answer.toTag().orElse(""));
        var caller = new End(
                a, flow, target(request), request.required("to") + ";tag=" + ours, request.required("from"));
        var callee = new End(b, to.flow(), target(answer), answer.required("from"), answer.required("to"));
        calls.put(a, new Other(account, callee));
        calls.put(b, new Other(to.account(), caller));
    }

    private static String target(SipMessage message) {
        String contact = message.required("contact");
        return contact.substring(contact.indexOf('<') + 1, contact.indexOf('>'));
    }

    @Override
    public void acknowledged(Flow flow, SipMessage ack) {
        try {
            Other there = calls.get(DialogId.of(ack));
            if (there != null) edge.acknowledge(within(there.other, "ACK", ack.cseq()), there.other.flow);
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }

    private void bye(SipMessage request, RequestReceived server) throws SipException {
        Other there = calls.remove(DialogId.of(request));
        if (there == null) throw new SipException(481, "Dialog does not exist");
        calls.remove(there.other.id);
        edge.send(
                within(there.other, "BYE", request.cseq()),
                there.other.flow,
                answer -> respond(server, answer, "", ""));
    }

    private static Edit within(End end, String method, long cseq) {
        return Edit.request(method, end.target)
                .add("From", end.local)
                .add("To", end.remote)
                .add("Call-ID", end.id.callId())
                .add("CSeq", cseq + " " + method);
    }

    private Binding called(SipMessage request) throws SipException {
        String user = SipUri.parse(request.uri()).user();
        List<Binding> there = registrar.of(user);
        if (there.isEmpty()) throw new SipException(480, "Not here");
        return there.getFirst();
    }

    private static Edit copy(SipMessage request, String method, String target, String tag, String call)
            throws SipException {
        Edit copy = Edit.request(method, target)
                .add("From", "<" + request.from().uri() + ">;tag=" + tag)
                .add("To", request.required("to"))
                .add("Call-ID", call)
                .add("CSeq", "1 " + method);
        return carried(request, copy);
    }

    private static Edit carried(SipMessage from, Edit to) {
        for (String name : COPIED) from.first(name).ifPresent(value -> to.add(name, value));
        return to.body("", from.body());
    }

    private static void respond(RequestReceived server, SipMessage answer, String contact, String tag) {
        try {
            if (answer.status() == 100) return;
            Edit edit = Edit.response(server.request(), answer.status(), answer.reason(), tag);
            if (!contact.isEmpty()) edit.add("Contact", contact);
            server.respond(carried(answer, edit).build());
        } catch (SipException e) {
            refuse(server, e);
        }
    }

    private static void refuse(RequestReceived server, SipException e) {
        try {
            server.respond(Edit.response(server.request(), e.status(), e.reason(), TransactionLayer.tag())
                    .build());
        } catch (SipException again) {
            throw new IllegalStateException(again);
        }
    }

    @Override
    public boolean knows(String account, DialogId dialog) {
        Other there = calls.get(dialog);
        return there != null && there.account.equals(account);
    }

    @Override
    public void registered(String account) {}

    @Override
    public void closed(Flow flow, List<RequestReceived> unanswered) {}
}
