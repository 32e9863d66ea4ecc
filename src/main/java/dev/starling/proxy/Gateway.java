package dev.starling.proxy;

import dev.starling.identity.CertificateVerifier;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;

/// What this peer itself does for its clients: whoever asks for an address, and not for a device, speaks with it
/// (docs/protocols/classic.md, section 3). Called on the thread that reads the flow: it must not wait.
public interface Gateway {
    /// INVITE or MESSAGE outside a dialog. It must be answered, or refused by what is thrown.
    ///
    /// @param sender who is registered at the flow it came by, and named in From
    /// @param signer whose signature it carries: any device of that address
    void asks(Registrar.Binding sender, CertificateVerifier.Verified signer, SipMessage request, RequestReceived server)
            throws SipException;

    /// A request within a dialog with this peer, INVITE signed by the sender's device. It must be answered, or refused
    /// by what is thrown.
    void within(Registrar.Binding sender, SipMessage request, RequestReceived server) throws SipException;

    /// The ACK of a 2xx.
    void acknowledged(Registrar.Binding sender, SipMessage ack);

    /// Of a peer that does nothing of the kind.
    Gateway NONE = new Gateway() {
        @Override
        public void asks(
                Registrar.Binding sender,
                CertificateVerifier.Verified signer,
                SipMessage request,
                RequestReceived server)
                throws SipException {
            throw new SipException(404, "A device must be named");
        }

        @Override
        public void within(Registrar.Binding sender, SipMessage request, RequestReceived server) throws SipException {
            throw Refusals.notAllowed();
        }

        @Override
        public void acknowledged(Registrar.Binding sender, SipMessage ack) {
            // It belongs to nothing.
        }
    };
}
