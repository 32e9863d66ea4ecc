package dev.starling.media;

import java.net.InetAddress;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/// Where a peer carries sound.
///
/// @param addresses under which others see this host, the preferred first; at most one of each family
/// @param phonePorts of the legs to phones, RTP and RTCP
/// @param webPorts of the legs to browsers
/// @param offender hears who does what against a leg, in words, once for each leg and kind
/// @param mayReach whether a leg may send to an address that a description names; the address that a phone's SIP flow
///     comes from is always allowed
public record MediaConfig(
        List<InetAddress> addresses,
        PortRange phonePorts,
        PortRange webPorts,
        Predicate<InetAddress> mayReach,
        BiConsumer<InetAddress, String> offender,
        MediaLimits limits) {
    public MediaConfig {
        addresses = List.copyOf(addresses);
        if (addresses.isEmpty()) throw new IllegalArgumentException("no address");
    }

    /// Offenders are counted, and named to nobody.
    public MediaConfig(
            List<InetAddress> addresses,
            PortRange phonePorts,
            PortRange webPorts,
            Predicate<InetAddress> mayReach,
            MediaLimits limits) {
        this(addresses, phonePorts, webPorts, mayReach, (_, _) -> {}, limits);
    }
}
