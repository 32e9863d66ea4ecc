package dev.starling.media;

import java.net.InetAddress;
import java.util.List;
import java.util.function.Predicate;

/// Where a peer carries sound.
///
/// @param addresses under which others see this host, the preferred first; at most one of each family
/// @param phonePorts of the legs to phones, RTP and RTCP
/// @param webPorts of the legs to browsers
/// @param mayReach whether a leg may send to an address that a description names; the address that a phone's SIP flow
///     comes from is always allowed
public record MediaConfig(
        List<InetAddress> addresses,
        PortRange phonePorts,
        PortRange webPorts,
        Predicate<InetAddress> mayReach,
        MediaLimits limits) {
    public MediaConfig {
        addresses = List.copyOf(addresses);
        if (addresses.isEmpty()) throw new IllegalArgumentException("no address");
    }
}
