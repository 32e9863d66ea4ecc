package dev.starling.phone;

import dev.starling.agent.UserAgent;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.SipException;
import java.util.function.Consumer;

/// Whoever is at the other end of a phone's call, once there is a dialog: a device, where offers and answers are
/// signed, or a server of an ordinary SIP domain, where nothing is.
interface Far {
    /// An answer, or that none came.
    ///
    /// @param sdp empty when there is none that may be believed
    record Answer(int status, String reason, byte[] sdp) {}

    static Far of(UserAgent ua) {
        return new Device(ua);
    }

    /// Whether it is a device.
    boolean isVerified();

    /// A request without a body, such as BYE.
    void send(Dialog.Outgoing request) throws SipException;

    /// A new offer.
    void offer(Dialog.Outgoing request, byte[] sdp, Consumer<Answer> answers) throws SipException;

    /// Of a 2xx to an INVITE of ours with that CSeq.
    void acknowledge(Dialog dialog, long cseq) throws SipException;

    /// A device of somebody.
    record Device(UserAgent ua) implements Far {
        @Override
        public boolean isVerified() {
            return true;
        }

        @Override
        public void send(Dialog.Outgoing request) throws SipException {
            ua.send(request, _ -> {});
        }

        @Override
        public void offer(Dialog.Outgoing request, byte[] sdp, Consumer<Answer> answers) throws SipException {
            ua.send(request, sdp, answer -> {
                boolean genuine =
                        answer.signer().isPresent() && answer.message().hasSdp();
                answers.accept(new Answer(
                        answer.status(),
                        answer.message().reason(),
                        genuine ? answer.message().body() : new byte[0]));
            });
        }

        @Override
        public void acknowledge(Dialog dialog, long cseq) throws SipException {
            ua.acknowledge(dialog.ack(cseq));
        }
    }
}
