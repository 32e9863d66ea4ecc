package dev.starling.phone;

import dev.starling.agent.Incoming;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.NameAddr;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.util.Optional;
import java.util.function.Consumer;

/// One call between a phone and a device, or a server of an ordinary SIP domain in its place: two dialogs and what
/// becomes of their descriptions (a back-to-back user agent, RFC 7092, section 3.2). What ends one of the three ends
/// all.
final class PhoneCall {
    private static final System.Logger LOG = System.getLogger("starling.phone");

    /// One of the two ends.
    private static final class End {
        private Optional<Dialog> dialog = Optional.empty();
    }

    private final Handset handset;
    private final Descriptions descriptions;
    private final Consumer<PhoneCall> ended;
    private final End device = new End(), phone = new End();
    private Optional<Far> far = Optional.empty();
    private Optional<Accepting> toPhone = Optional.empty();
    private boolean over;

    /// @param ended hears of its end, once
    PhoneCall(Handset handset, Descriptions descriptions, Consumer<PhoneCall> ended) {
        this.handset = handset;
        this.descriptions = descriptions;
        this.ended = ended;
        descriptions.onEnd(why -> {
            LOG.log(System.Logger.Level.DEBUG, () -> "sound ended: " + why);
            end();
        });
    }

    /// Whoever has answered, or called.
    synchronized Far far() throws SipException {
        return far.orElseThrow(PhoneCall::noDialog);
    }

    /// Whether the other end is known, and is a device.
    synchronized boolean isVerified() {
        return far.map(Far::isVerified).orElse(true);
    }

    Handset handset() {
        return handset;
    }

    Descriptions descriptions() {
        return descriptions;
    }

    /// From now on BYE goes there. False: the call is over already, and that dialog was ended.
    boolean withDevice(Far other, Dialog dialog) {
        synchronized (this) {
            far = Optional.of(other);
        }
        return with(device, dialog);
    }

    boolean withPhone(Dialog dialog) {
        return with(phone, dialog);
    }

    private boolean with(End end, Dialog dialog) {
        synchronized (this) {
            end.dialog = Optional.of(dialog);
            if (!over) return true;
        }
        bye(end);
        return false;
    }

    /// A request to the device within the dialog.
    Dialog.Outgoing toDevice(String method) throws SipException {
        return next(device, method);
    }

    Dialog.Outgoing toPhone(String method) throws SipException {
        return next(phone, method);
    }

    private synchronized Dialog.Outgoing next(End end, String method) throws SipException {
        var next = end.dialog.orElseThrow(PhoneCall::noDialog).request(method);
        end.dialog = Optional.of(next.dialog());
        return next;
    }

    /// Takes a new offer of the device within the dialog: 500 when it is out of order, 403 when another device signed
    /// it, or it names another one as the dialog's end.
    void fromDevice(Incoming incoming) throws SipException {
        SipMessage request = incoming.request();
        String target = dialog(device).target();
        boolean same = incoming.signer()
                .map(signer -> signer.device().gruu(signer.address()).equals(target))
                .orElse(false);
        for (String contact : request.elements("contact"))
            same &= NameAddr.parse(contact).uri().equals(target);
        if (!same) throw new SipException(403, "Another device");
        take(device, request);
    }

    /// The same of a neighbour, where nothing is signed: whoever knows the dialog is its end.
    void fromNeighbour(SipMessage request) throws SipException {
        take(device, request);
    }

    void fromPhone(SipMessage request) throws SipException {
        take(phone, request);
    }

    private synchronized void take(End end, SipMessage request) throws SipException {
        end.dialog = Optional.of(end.dialog.orElseThrow(PhoneCall::noDialog).received(request));
    }

    static SipException noDialog() {
        return new SipException(481, "Dialog does not exist");
    }

    synchronized boolean isOver() {
        return over;
    }

    synchronized boolean isWithDevice(DialogId id) {
        return is(device, id);
    }

    synchronized boolean isWithPhone(DialogId id) {
        return is(phone, id);
    }

    private static boolean is(End end, DialogId id) {
        return end.dialog.map(dialog -> dialog.id().equals(id)).orElse(false);
    }

    /// Says yes to a new offer of the phone until it has acknowledged that.
    void acceptedPhone(Accepting accepting) {
        synchronized (this) {
            toPhone = Optional.of(accepting);
        }
        accepting.start();
    }

    void phoneAcknowledges(long cseq) {
        Optional<Accepting> said;
        synchronized (this) {
            said = toPhone.filter(each -> each.cseq() == cseq);
        }
        said.ifPresent(Accepting::acknowledged);
    }

    /// ACK of a 2xx to an INVITE of ours with that CSeq.
    void acknowledgeDevice(long cseq) throws SipException {
        far().acknowledge(dialog(device), cseq);
    }

    void acknowledgePhone(long cseq) throws SipException {
        handset.acknowledge(dialog(phone).ack(cseq));
    }

    private synchronized Dialog dialog(End end) throws SipException {
        return end.dialog.orElseThrow(PhoneCall::noDialog);
    }

    /// Says yes to a BYE.
    interface Answer {
        void give() throws SipException;
    }

    /// The device hung up. Once it hears that, its dialog is gone.
    void deviceLeft(Answer answer) throws SipException {
        left(device, answer);
    }

    void phoneLeft(Answer answer) throws SipException {
        left(phone, answer);
    }

    private void left(End end, Answer answer) throws SipException {
        synchronized (this) {
            end.dialog = Optional.empty();
        }
        try {
            answer.give();
        } finally {
            end();
        }
    }

    /// Ends what there is of it.
    void end() {
        synchronized (this) {
            if (over) return;
            over = true;
        }
        descriptions.close();
        bye(device);
        bye(phone);
        ended.accept(this);
    }

    private void bye(End end) {
        try {
            synchronized (this) {
                if (end.dialog.isEmpty()) return;
            }
            var bye = next(end, "BYE");
            synchronized (this) {
                end.dialog = Optional.empty();
            }
            if (end == device) {
                far().send(bye);
            } else {
                var _ = handset.send(bye.request(), _ -> {});
            }
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "BYE: " + e.reason());
        }
    }
}
