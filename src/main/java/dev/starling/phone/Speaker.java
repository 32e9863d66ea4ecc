package dev.starling.phone;

import dev.starling.agent.Agent;
import dev.starling.identity.Address;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;

/// In whose name something goes to an ordinary SIP domain.
interface Speaker {
    Address address();

    /// Adds the signature of one of their devices, where its key lies here.
    void sign(Edit request, String dest) throws SipException;

    /// The user part of our Contact there.
    default String user() {
        String own = address().uri();
        return own.substring(own.indexOf(':') + 1, own.indexOf('@'));
    }

    /// A phone's device.
    static Speaker of(Agent agent) {
        return new Speaker() {
            @Override
            public Address address() {
                return agent.ua().us().address();
            }

            @Override
            public void sign(Edit request, String dest) throws SipException {
                agent.sign(request, dest);
            }
        };
    }

    /// A person whose keys are in a browser: what it signed, it signed for this peer.
    static Speaker of(Address address) {
        return new Speaker() {
            @Override
            public Address address() {
                return address;
            }

            @Override
            public void sign(Edit request, String dest) {
                // Nobody here could.
            }
        };
    }
}
