package dev.starling.sip.transport;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

/// Ways to phones, and how we name ourselves on them.
public interface FlowSource {
    /// The flow to a UDP port of a phone that was here before, also before a restart. `local` is our address that it
    /// knows, or the wildcard. Empty when we have no port of that family.
    Optional<Flow> flowTo(InetSocketAddress remote, InetAddress local);

    /// Our host and port as the other end of `flow` reaches them: what Via and Contact say.
    String sentBy(Flow flow);

    /// Our address at which the other end reached us; the wildcard when nobody knows.
    InetAddress local(Flow flow);
}
