package dev.starling.phone;

import dev.starling.classic.ClassicEdge;
import dev.starling.classic.Sending;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.NameAddr;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Flow;
import java.util.Optional;
import java.util.function.Consumer;

/// The end of a call at a server of an ordinary SIP domain.
///
/// @param flow over which the call came about: where the dialog's routes lead nowhere, or may not be followed
/// @param user part of our Contact
record Neighbour(ClassicEdge edge, Flow flow, String user) implements Far {
    @Override
    public boolean isVerified() {
        return false;
    }

    String contact(Flow over) {
        return edge.contact(over, user);
    }

    @Override
    public void send(Dialog.Outgoing request) throws SipException {
        send(request.dialog(), _ -> request.request().copy(), _ -> {});
    }

    @Override
    public void offer(Dialog.Outgoing request, byte[] sdp, Consumer<Answer> answers) throws SipException {
        Sending.Writer writer =
                over -> request.request().copy().add("Contact", contact(over)).body("application/sdp", sdp);
        send(request.dialog(), writer, answers);
    }

    @Override
    public void acknowledge(Dialog dialog, long cseq) throws SipException {
        send(dialog, _ -> dialog.ack(cseq), _ -> {});
    }

    private void send(Dialog dialog, Sending.Writer writer, Consumer<Answer> answers) throws SipException {
        // RFC 3261, section 12.2.1.1: the first route, or else the target.
        String next = dialog.routes().isEmpty()
                ? dialog.target()
                : NameAddr.parse(dialog.routes().getFirst()).uri();
        var _ = edge.send(new Sending.Request(next, Optional.of(flow), writer), new Sending.Listener() {
            @Override
            public void answered(SipMessage request, SipMessage answer, Flow over) {
                answers.accept(
                        new Answer(answer.status(), answer.reason(), answer.hasSdp() ? answer.body() : new byte[0]));
            }

            @Override
            public void failed(SipException why) {
                answers.accept(new Answer(why.status(), why.reason(), new byte[0]));
            }
        });
    }

    static final String ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, INFO";

    /// The headers of a request that begins something.
    static Edit begin(String method, String to, String from, String tag, String callId, long cseq) {
        return Edit.request(method, to)
                .add("From", "<" + from + ">;tag=" + tag)
                .add("To", "<" + to + ">")
                .add("Call-ID", callId)
                .add("CSeq", cseq + " " + method);
    }
}
