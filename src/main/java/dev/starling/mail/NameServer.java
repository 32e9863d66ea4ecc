package dev.starling.mail;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Optional;
import org.xbill.DNS.ExtendedResolver;
import org.xbill.DNS.Resolver;
import org.xbill.DNS.SimpleResolver;

/// The DNS server that is asked, by dnsjava: over UDP, and TCP where an answer is too long for that.
///
/// @param place `host[:port]`; empty: those that the system asks
/// @param trusted its operator says that it checks DNSSEC, and that nobody between here and there changes what it says
public record NameServer(Optional<String> place, boolean trusted) {
    public static final NameServer SYSTEM = new NameServer(Optional.empty(), false);

    private static final int PORT = 53;
    private static final String NAMED = "A DNS server is named as HOST or HOST:PORT.";

    public NameServer {
        if (trusted && place.isEmpty()) throw new IllegalArgumentException("which one is trusted?");
    }

    public static NameServer at(String place) {
        return new NameServer(Optional.of(place), false);
    }

    /// @param believed whether its AD bit says something: RFC 4035, section 4.6, wants a secure channel, which the
    ///     loopback is, or that somebody has said so
    public record Asked(Resolver resolver, boolean believed) {}

    /// @param patience for one question
    public Asked open(Duration patience) throws IOException {
        Resolver resolver;
        boolean loopback = false;
        if (place.isPresent()) {
            InetSocketAddress address = address(place.get());
            if (address.isUnresolved()) throw new IOException("There is no DNS server " + place.get() + ".");
            resolver = new SimpleResolver(address);
            loopback = address.getAddress().isLoopbackAddress();
        } else resolver = new ExtendedResolver();
        resolver.setTimeout(patience);
        return new Asked(resolver, loopback || trusted);
    }

    private static InetSocketAddress address(String server) throws IOException {
        try {
            URI uri = new URI("dns://" + server);
            if (uri.getHost() != null)
                return new InetSocketAddress(uri.getHost(), uri.getPort() < 0 ? PORT : uri.getPort());
        } catch (URISyntaxException e) {
            throw new IOException(NAMED, e);
        }
        throw new IOException(NAMED);
    }
}
