package dev.starling.sdp;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

/// `a=candidate`: RFC 8839, section 5.1. Only what we could use: UDP, of the first component, an address and no name.
///
/// @param kind `host`, `srflx`, `prflx` or `relay`
/// @param priority 1 to 2^31 - 1
public record Candidate(String foundation, long priority, InetSocketAddress address, String kind) {
    /// Empty: one that is well-formed and of no use. value: as after `a=candidate:`
    public static Optional<Candidate> parse(String value) throws SdpException {
        String[] parts = value.strip().split(" +");
        if (parts.length < 8 || !parts[6].equals("typ") || parts[0].isEmpty() || parts[0].length() > 32)
            throw new SdpException("not a candidate");
        int component = Lines.number(parts[1], 256, "component");
        long priority = priority(parts[3]);
        int port = Lines.number(parts[5], 0xFFFF, "port");
        Optional<InetAddress> address = Host.literal(parts[4]);
        if (component != 1 || !parts[2].equalsIgnoreCase("udp") || address.isEmpty() || port == 0)
            return Optional.empty();
        return Optional.of(new Candidate(parts[0], priority, new InetSocketAddress(address.get(), port), parts[7]));
    }

    private static long priority(String text) throws SdpException {
        if (text.isEmpty() || text.length() > 10 || !text.chars().allMatch(c -> c >= '0' && c <= '9'))
            throw new SdpException("a candidate without a priority");
        long priority = Long.parseLong(text);
        if (priority < 1 || priority > 0xFFFF_FFFFL) throw new SdpException("a candidate's priority is too large");
        return Math.min(priority, Integer.MAX_VALUE);
    }

    public Attribute attribute() {
        Host host = Host.of(address.getAddress());
        return new Attribute(
                "candidate",
                foundation + " 1 udp " + priority + " " + host.text() + " " + address.getPort() + " typ " + kind);
    }
}
