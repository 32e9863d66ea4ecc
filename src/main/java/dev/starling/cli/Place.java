package dev.starling.cli;

import dev.starling.nat.turn.Interfaces;
import dev.starling.sip.transport.TargetPolicy;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Where a peer listens, and under which name others find it there.
///
/// @param web an address of this host, for HTTP
/// @param listen the same for all else; `0.0.0.0` for all, those of IPv6 included
/// @param name a host name, or the address
/// @param port of HTTP
/// @param sipPort SIP over TLS, for other peers
/// @param tls by which browsers know it; empty for plain HTTP
/// @param behindProxy a reverse proxy on this host speaks HTTPS for it, at the usual port
record Place(String web, String listen, String name, int port, int sipPort, Optional<WebTls> tls, boolean behindProxy) {
    private static final int HTTPS = 443;

    static Place at(String host, int port, int sipPort) {
        return new Place(host, host, host, port, sipPort, Optional.empty(), false);
    }

    /// Without a slash at its end.
    String base() {
        if (behindProxy) return "https://" + name;
        if (tls.isEmpty()) return "http://" + name + ":" + port;
        return "https://" + name + (port == HTTPS ? "" : ":" + port);
    }

    /// Where phones and ordinary SIP servers come in. A UDP socket is of one family: on a host that has an address of
    /// IPv6, `::` stands for all of both.
    InetAddress listening() throws IOException {
        InetAddress wanted = InetAddress.getByName(listen);
        if (!wanted.isAnyLocalAddress()) return wanted;
        for (InetAddress each : seen())
            if (each instanceof Inet6Address && Interfaces.at(each).equals(each)) return InetAddress.ofLiteral("::");
        return wanted;
    }

    /// The addresses under which others see this host, one of each family at most; those that an interface has come
    /// first.
    List<InetAddress> seen() throws IOException {
        var named = new ArrayList<>(List.of(InetAddress.getAllByName(name)));
        // What /etc/hosts says of a host's own name is nothing that others see.
        if (!name.equals(listen)) named.removeIf(each -> !TargetPolicy.PUBLIC.allows(each));
        if (named.isEmpty())
            throw new IOException(name + " leads to no public address from here: say it by --relay-address.");
        var all = new ArrayList<InetAddress>();
        for (boolean own : new boolean[] {true, false})
            for (InetAddress each : named)
                if (own == Interfaces.at(each).equals(each)
                        && all.stream().allMatch(other -> other.getAddress().length != each.getAddress().length))
                    all.add(each);
        return all;
    }
}
