package dev.starling.sdp;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Optional;

/// `IN IP4 192.0.2.1`, as in `c=` and `o=`: RFC 8866, section 5.7. Names are kept as text; nobody here looks them up.
///
/// @param text the address or name, without TTL
public record Host(boolean isIp6, String text) {
    public Host {
        if (text.isEmpty() || text.length() > 255 || text.indexOf(' ') >= 0 || !Lines.isOneLine(text))
            throw new IllegalArgumentException("not a host");
    }

    public static Host of(InetAddress address) {
        String text = address.getHostAddress();
        int zone = text.indexOf('%');
        return new Host(address instanceof Inet6Address, zone < 0 ? text : text.substring(0, zone));
    }

    static Host parse(String text) throws SdpException {
        String[] parts = text.strip().split(" +");
        if (parts.length != 3) throw new SdpException("c= has not three parts");
        return parse(parts[0], parts[1], parts[2]);
    }

    static Host parse(String network, String family, String address) throws SdpException {
        if (!network.equalsIgnoreCase("IN")) throw new SdpException("not of the internet");
        boolean isIp6 = family.equalsIgnoreCase("IP6");
        if (!isIp6 && !family.equalsIgnoreCase("IP4")) throw new SdpException("neither IP4 nor IP6");
        int slash = address.indexOf('/');
        String text = slash < 0 ? address : address.substring(0, slash);
        if (text.isEmpty() || text.length() > 255) throw new SdpException("not a host");
        return new Host(isIp6, text);
    }

    /// Empty: a name.
    public Optional<InetAddress> address() {
        return literal(text);
    }

    /// The address that a text spells. Never asks the DNS.
    public static Optional<InetAddress> literal(String text) {
        try {
            return Optional.of(InetAddress.ofLiteral(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return "IN " + (isIp6 ? "IP6 " : "IP4 ") + text;
    }
}
