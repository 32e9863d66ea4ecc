package dev.starling.web;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;
import java.util.stream.Stream;

/// Names are looked up as usual, addresses never: the HTTP library asks for the name of everybody who connects by TLS,
/// and whoever connects decides how long that takes. Found by the JDK itself (META-INF/services), before dnsjava: that
/// would take over all names of the process merely by lying on the class path, and the JDK takes the first it finds.
public final class NamesOnly extends InetAddressResolverProvider {
    @Override
    public InetAddressResolver get(Configuration configuration) {
        InetAddressResolver usual = configuration.builtinResolver();
        return new InetAddressResolver() {
            @Override
            public Stream<InetAddress> lookupByName(String host, LookupPolicy policy) throws UnknownHostException {
                return usual.lookupByName(host, policy);
            }

            @Override
            public String lookupByAddress(byte[] address) throws UnknownHostException {
                throw new UnknownHostException("addresses are not looked up");
            }
        };
    }

    @Override
    public String name() {
        return "names only";
    }
}
