package dev.starling.phone;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// A call out of an ordinary SIP domain, or a new offer within one: answered without a signature.
final class CallFromNeighbour implements Caller {
    private final RequestReceived server;
    private final Neighbour from;
    private final PhoneCall call;
    private final TransactionLayer.Timers timers;
    private final String tag;
    private Optional<Accepting> accepting = Optional.empty();
    private boolean isAcknowledged;

    CallFromNeighbour(RequestReceived server, Neighbour from, PhoneCall call, TransactionLayer.Timers timers) {
        this.server = server;
        this.from = from;
        this.call = call;
        this.timers = timers;
        tag = server.request().toTag().orElseGet(TransactionLayer::tag);
    }

    PhoneCall call() {
        return call;
    }

    @Override
    public SipMessage request() {
        return server.request();
    }

    @Override
    public RequestReceived server() {
        return server;
    }

    @Override
    public SipMessage answer(int status, String reason, UnaryOperator<Edit> more) throws SipException {
        Edit answer = Edit.response(server.request(), status, reason, tag);
        if (status > 100 && status < 300) {
            for (String route : server.request().all("record-route")) answer.add("Record-Route", route);
            answer.add("Contact", from.contact(server.flow())).add("Allow", Neighbour.ALLOW);
        }
        SipMessage said = more.apply(answer).build();
        if (status < 200 || status >= 300) {
            server.respond(said);
            return said;
        }
        var accepted = new Accepting(server, said, call, timers);
        synchronized (this) {
            accepting = Optional.of(accepted);
        }
        accepted.start();
        return said;
    }

    /// An ACK of this dialog has come.
    void acknowledged() {
        synchronized (this) {
            if (isAcknowledged) return;
            isAcknowledged = accepting.isPresent();
        }
        accepting.ifPresent(Accepting::acknowledged);
    }
}
