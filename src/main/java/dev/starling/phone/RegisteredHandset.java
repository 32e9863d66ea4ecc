package dev.starling.phone;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestSent;
import java.net.InetAddress;
import java.util.List;
import java.util.function.Consumer;

/// A phone that has registered.
record RegisteredHandset(PhoneEdge edge, Binding binding) implements Handset {
    @Override
    public String target() {
        return binding.contact();
    }

    @Override
    public String contact() {
        return edge.contact(binding.flow(), binding.account());
    }

    @Override
    public InetAddress source() {
        return binding.remote().getAddress();
    }

    @Override
    public boolean isWeb() {
        return binding.flow().transport().startsWith("WS");
    }

    @Override
    public boolean isSecure() {
        return binding.flow().transport().equals("TLS");
    }

    @Override
    public RequestSent send(Edit request, Consumer<SipMessage> answers) throws SipException {
        return edge.send(request, binding, answers);
    }

    @Override
    public void cancel(RequestSent invite, List<String> reasons) {
        try {
            edge.cancel(invite, reasons);
        } catch (SipException e) {
            System.getLogger("starling.phone").log(System.Logger.Level.DEBUG, () -> "CANCEL: " + e.reason());
        }
    }

    @Override
    public void acknowledge(Edit ack) throws SipException {
        edge.acknowledge(ack, binding.flow());
    }
}
