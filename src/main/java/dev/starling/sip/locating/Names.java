package dev.starling.sip.locating;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;

/// What RFC 3263 asks the DNS for. What a name does not have is an empty list; an [IOException] means that nothing is
/// known, which is never to be taken for "has none": whoever can keep an answer away must not choose the transport.
public interface Names {
    /// A rule of a domain (RFC 3403, section 4.1).
    ///
    /// @param flags in lower case; `s`: `replacement` has SRV records
    /// @param service in upper case, such as `SIPS+D2T`
    /// @param replacement a domain name without a dot at its end; "" for none
    record Naptr(int order, int preference, String flags, String service, String replacement) {}

    List<Naptr> naptr(String domain) throws IOException;

    /// In no order. One whose target is "" says that the service is decidedly not available there.
    List<Srv> srv(String name) throws IOException;

    /// Of both families, IPv4 first.
    List<InetAddress> addresses(String host) throws IOException;
}
