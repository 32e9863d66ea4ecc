package dev.starling.phone;

import dev.starling.identity.DeviceId;
import dev.starling.proxy.Clients;
import dev.starling.proxy.Registrar;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestSent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;

/// A device of somebody, in a browser, that speaks with this peer itself: reached over whatever flow it has now.
///
/// @param source where its flow came from when this began
record BrowserHandset(Clients clients, DeviceId device, String target, InetAddress source) implements Handset {
    static BrowserHandset of(Clients clients, Registrar.Binding binding) {
        InetAddress source =
                binding.flow().remote().map(InetSocketAddress::getAddress).orElseGet(InetAddress::getLoopbackAddress);
        return new BrowserHandset(clients, binding.device(), binding.device().gruu(binding.address()), source);
    }

    @Override
    public String contact() {
        return clients.contact();
    }

    @Override
    public boolean isWeb() {
        return true;
    }

    @Override
    public boolean isSecure() {
        return true;
    }

    @Override
    public RequestSent send(Edit request, Consumer<SipMessage> answers) throws SipException {
        return clients.send(request, device, answers);
    }

    @Override
    public void cancel(RequestSent invite, List<String> reasons) {
        try {
            clients.cancel(invite, reasons);
        } catch (SipException e) {
            System.getLogger("starling.phone").log(System.Logger.Level.DEBUG, () -> "CANCEL: " + e.reason());
        }
    }

    @Override
    public void acknowledge(Edit ack) throws SipException {
        clients.acknowledge(ack, device);
    }
}
