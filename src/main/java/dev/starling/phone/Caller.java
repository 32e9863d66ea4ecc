package dev.starling.phone;

import dev.starling.agent.Incoming;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/// Whoever calls a phone, and waits for an answer.
interface Caller {
    static Caller of(Incoming incoming) {
        return new OfDevice(incoming);
    }

    SipMessage request();

    RequestReceived server();

    /// `more` adds what the answer says beside the headers of every one.
    SipMessage answer(int status, String reason, UnaryOperator<Edit> more) throws SipException;

    default SipMessage answer(int status, String reason) throws SipException {
        return answer(status, reason, UnaryOperator.identity());
    }

    /// Somebody who was rung hears that it rings there.
    default void ringing() throws SipException {
        var _ = answer(180, "Ringing");
    }

    default void refuse(int status, String reason) throws SipException {
        var _ = answer(status, reason);
    }

    /// Told, with the values of Reason, when nobody need ring any more.
    default void onCancel(Consumer<List<String>> task) {
        server().onCancel(reasons -> task.accept(List.copyOf(reasons)));
    }

    /// A device, which is answered with a signature.
    record OfDevice(Incoming incoming) implements Caller {
        @Override
        public SipMessage request() {
            return incoming.request();
        }

        @Override
        public RequestReceived server() {
            return incoming.server();
        }

        @Override
        public SipMessage answer(int status, String reason, UnaryOperator<Edit> more) throws SipException {
            return incoming.answer(status, reason, more);
        }
    }
}
