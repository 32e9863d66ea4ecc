package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.net.spi.InetAddressResolverProvider;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/// Whom the JDK asks for the addresses of hosts.
class SystemNamesTest {
    @Test
    void noLibraryTakesTheNamesOfHostsOver() {
        assertInstanceOf(
                SystemNames.class,
                ServiceLoader.load(InetAddressResolverProvider.class)
                        .findFirst()
                        .orElseThrow());
    }
}
