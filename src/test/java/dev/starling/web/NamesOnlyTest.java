package dev.starling.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.spi.InetAddressResolverProvider;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/// Nobody who connects can make a server wait for a DNS of his.
class NamesOnlyTest {
    @Test
    void anAddressHasNoName() throws Exception {
        assertEquals(
                "127.0.0.1", InetAddress.getByAddress(new byte[] {127, 0, 0, 1}).getHostName());
    }

    @Test
    void aNameHasItsAddress() throws Exception {
        assertTrue(InetAddress.getByName("localhost").isLoopbackAddress());
    }

    @Test
    void noLibraryTakesTheNamesOver() {
        var first = ServiceLoader.load(InetAddressResolverProvider.class).findFirst();
        assertInstanceOf(NamesOnly.class, first.orElseThrow());
    }
}
