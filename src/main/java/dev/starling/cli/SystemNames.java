package dev.starling.cli;

import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;

/// Keeps the names of hosts with the system's resolver. dnsjava, which we ask for the records of SIP domains, would
/// take them over for the whole process merely by lying on the class path; the JDK takes the first that it finds there,
/// and we stand before our libraries.
public final class SystemNames extends InetAddressResolverProvider {
    @Override
    public InetAddressResolver get(Configuration configuration) {
        return configuration.builtinResolver();
    }

    @Override
    public String name() {
        return "the system's";
    }
}
