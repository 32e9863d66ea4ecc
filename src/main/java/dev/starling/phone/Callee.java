package dev.starling.phone;

import dev.starling.sip.message.SipException;
import dev.starling.sip.transport.Flow;

/// A phone or a browser that may be rung for somebody out of an ordinary SIP domain.
interface Callee {
    Handset handset();

    /// How it is told who calls.
    String shown();

    /// Takes up a call with it; 486 when there are too many.
    PhoneCall begin(Descriptions descriptions) throws SipException;

    /// From now on the ACK of that caller is waited for.
    void await(CallFromNeighbour caller);

    /// The other end, as its person speaks with it.
    Neighbour neighbour(Flow flow) throws SipException;
}
