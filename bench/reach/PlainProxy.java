import dev.starling.phone.Binding;
import dev.starling.phone.PhoneEdge;
import dev.starling.phone.PhoneRegistrar;
import dev.starling.phone.PhoneUser;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.NameAddr;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.RequestSent;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.FlowSource;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;

/// A record-routing proxy with transactions between the phones of one peer: what `kamailio.cfg` does and nothing else
/// (RFC 3261, section 16). The product has none for phones: it is here so that the parts of which phones' calls are made
/// are measured at the work that Kamailio does.
final class PlainProxy implements PhoneUser {
    private static final int HOPS = 70;

    private final PhoneRegistrar registrar;
    private final FlowSource flows;
    private Optional<PhoneEdge> edge = Optional.empty();

    PlainProxy(PhoneRegistrar registrar, FlowSource flows) {
        this.registrar = registrar;
        this.flows = flows;
    }

    void over(PhoneEdge itself) {
        edge = Optional.of(itself);
    }

    @Override
    public void request(String account, Flow flow, SipMessage request, RequestReceived server) {
        try {
            if (request.toTag().isPresent()) {
                Edit within = withinDialog(flow, request);
                relay(within, next(flow, request), server);
            } else begin(flow, request, server);
        } catch (SipException e) {
            refuse(server, e);
        }
    }

    private void begin(Flow flow, SipMessage request, RequestReceived server) throws SipException {
        List<Binding> there = registrar.of(SipUri.parse(request.uri()).user());
        if (there.isEmpty()) throw new SipException(404, "Not Found");
        Binding to = there.getFirst();
        Edit copy = hop(request).uri(to.contact()).remove("Proxy-Authorization");
        if (request.method().equals("INVITE")) copy.prepend("Record-Route", "<sip:" + flows.sentBy(flow) + ";lr>");
        relay(copy, to.flow(), server);
    }

    /// One hop further (section 16.6, item 3).
    private static Edit hop(SipMessage request) throws SipException {
        long left = request.number("max-forwards", HOPS);
        if (left == 0) throw new SipException(483, "Too Many Hops");
        return request.edit().set("Max-Forwards", String.valueOf(left - 1));
    }

    /// Along Route, of which the first element is ours (section 16.4).
    private Edit withinDialog(Flow flow, SipMessage request) throws SipException {
        List<String> routes = request.elements("route");
        boolean ours = !routes.isEmpty() && NameAddr.parse(routes.getFirst()).uri().equals("sip:" + flows.sentBy(flow) + ";lr");
        if (!ours) throw new SipException(404, "Not Here");
        return hop(request).dropElements("Route", routes, 1, "");
    }

    /// Where the request goes on to: the second Route, or the Request-URI.
    private Flow next(Flow from, SipMessage request) throws SipException {
        List<String> routes = request.elements("route");
        SipUri uri = routes.size() > 1 ? NameAddr.parse(routes.get(1)).sipUri() : SipUri.parse(request.uri());
        try {
            var remote = new InetSocketAddress(InetAddress.ofLiteral(uri.host()), uri.port() == 0 ? 5060 : uri.port());
            return flows.flowTo(remote, flows.local(from)).orElseThrow(() -> new SipException(404, "Not Here"));
        } catch (IllegalArgumentException e) {
            throw new SipException(404, "Not Here");
        }
    }

    private void relay(Edit copy, Flow to, RequestReceived server) throws SipException {
        RequestSent sent = edge.orElseThrow().send(copy, to, answer -> back(server, answer));
        if (sent.isInvite()) server.onCancel(reasons -> cancel(sent, reasons));
    }

    /// The answer without our Via (section 16.7, item 3). 100 ends here.
    private static void back(RequestReceived server, SipMessage answer) {
        if (answer.status() == 100) return;
        try {
            server.respond(
                    answer.edit().dropElements("Via", answer.elements("via"), 1, "").build());
        } catch (SipException e) {
            refuse(server, e);
        }
    }

    private void cancel(RequestSent sent, List<String> reasons) {
        try {
            // Section 9.1: not before a provisional answer. One that comes earlier is not kept for it; the load sends none.
            if (sent.isProceeding()) edge.orElseThrow().cancel(sent, reasons);
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void acknowledged(Flow flow, SipMessage ack) {
        try {
            edge.orElseThrow().acknowledge(withinDialog(flow, ack), next(flow, ack));
        } catch (SipException e) {
            throw new IllegalStateException(e);
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

    /// Whose route leads through us is not asked again, as in `kamailio.cfg`.
    @Override
    public boolean knows(String account, DialogId dialog) {
        return true;
    }

    @Override
    public void registered(String account) {}

    @Override
    public void closed(Flow flow, List<RequestReceived> unanswered) {}
}
