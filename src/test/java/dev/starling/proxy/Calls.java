package dev.starling.proxy;

import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.TransactionLayer;

/// What a device does with an INVITE, written with the library's own dialogs.
final class Calls {
    private Calls() {}

    /// An answer of the device of `person`, with what makes a dialog.
    static SipMessage answer(SipMessage request, int status, Person person, String tag) {
        try {
            var answer = Edit.response(request, status, "x", tag);
            for (String route : request.all("record-route")) answer.add("Record-Route", route);
            return answer.add("Contact", "<" + person.gruu() + ">").build();
        } catch (SipException e) {
            throw new AssertionError(e);
        }
    }

    /// A request within a dialog, ready to be sent by a client.
    static SipMessage sendable(Edit edit) {
        try {
            return edit.add("Max-Forwards", "70")
                    .prepend("Via", "SIP/2.0/WS x.invalid;branch=" + TransactionLayer.branch())
                    .build();
        } catch (SipException e) {
            throw new AssertionError(e);
        }
    }

    static SipMessage within(Dialog dialog, String method) {
        try {
            return sendable(dialog.request(method).request());
        } catch (SipException e) {
            throw new AssertionError(e);
        }
    }
}
