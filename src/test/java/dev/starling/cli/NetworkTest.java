package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Networks as an operator writes them.
class NetworkTest {
    private static boolean has(String network, String address) throws IOException {
        return Network.parse(network).has(InetAddress.ofLiteral(address));
    }

    @Test
    void anAddressIsInANetworkThatBeginsLikeIt() throws IOException {
        assertTrue(has("10.1.0.0/16", "10.1.255.255"));
        assertFalse(has("10.1.0.0/16", "10.2.0.0"));
        assertTrue(has("10.1.0.0/15", "10.0.0.1"));
        assertFalse(has("10.1.2.3", "10.1.2.4"));
        assertTrue(has("10.1.2.3", "10.1.2.3"));
        assertTrue(has("fd00:1::/32", "fd00:1:ffff::1"));
        assertFalse(has("fd00:1::/32", "fd00:2::1"));
    }

    @Test
    void theOtherFamilyIsNeverIn() throws IOException {
        assertFalse(has("0.0.0.0/0", "::1"));
        assertFalse(has("::/0", "10.0.0.1"));
    }

    @Test
    void whatIsNoNetworkIsRefusedWithItsText() {
        for (String text : List.of("", "example.net", "10.1.0.0/33", "10.1.0.0/-1", "10.1.0.0/x", "10.1/16/2"))
            assertEquals(
                    "not a network: " + text,
                    assertThrows(IOException.class, () -> Network.parse(text)).getMessage());
    }
}
