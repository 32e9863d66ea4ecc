package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// What the words behind `starling peer` mean, and which do not go together.
class PublicOptionsTest {
    @TempDir
    Path folder;

    private static <T> T parsed(T options, String... words) {
        new CommandLine(options).parseArgs(words);
        return options;
    }

    private void refused(String why, String... words) {
        var options = parsed(new PublicOptions(), words);
        var e = assertThrows(
                IOException.class, () -> options.place(8443, 5061, folder, new Parts(), Clock.systemUTC()));
        assertTrue(String.valueOf(e.getMessage()).contains(why), e::getMessage);
    }

    @Test
    void aServerForEverybodyIsAtTheUsualPorts() {
        var options = parsed(new PublicOptions(), "--domain", "peer.example.net");
        assertEquals("0.0.0.0", options.host());
        assertEquals(443, options.port(0, 8787));
        assertEquals(5061, options.sipPort(0, 443));
        assertEquals(1234, options.port(1234, 8787));
    }

    @Test
    void oneForThisComputerIsNot() throws Exception {
        var options = parsed(new PublicOptions());
        assertEquals("127.0.0.1", options.host());
        assertEquals(8787, options.port(0, 8787));
        assertEquals(9787, options.sipPort(0, 8787));
        var place = options.place(8787, 9787, folder, new Parts(), Clock.systemUTC());
        assertEquals("http://127.0.0.1:8787", place.base());
    }

    @Test
    void oneBehindAProxyListensHereAndIsCalledByItsName() throws Exception {
        var options = parsed(new PublicOptions(), "--domain", "peer.example.net", "--behind-proxy");
        assertEquals(8787, options.port(0, 8787));
        var place = options.place(8787, 5061, folder, new Parts(), Clock.systemUTC());
        assertEquals("https://peer.example.net", place.base());
        assertEquals("127.0.0.1", place.web(), "only the proxy reaches HTTP");
        assertEquals("0.0.0.0", place.listen(), "other servers and relayed calls come by themselves");
        assertEquals(Optional.empty(), place.tls());
    }

    @Test
    void whatDoesNotGoTogetherIsSaid() {
        refused("need --domain", "--tls-cert", "a.pem", "--tls-key", "b.pem");
        refused("need --domain", "--behind-proxy");
        refused("go together", "--domain", "peer.example.net", "--http-port", "0", "--tls-cert", "a.pem");
        refused("https URL", "--domain", "peer.example.net", "--http-port", "0", "--acme", "http://ca.example/");
        refused("Without --http-port", "--domain", "peer.example.net", "--http-port", "0");
        for (String wrong : new String[] {"peer", "Peer.example.net", "peer.example.net/", "a b.example", "-a.example"})
            refused("not a host name", "--domain", wrong, "--http-port", "0");
    }

    @Test
    void theRelayIsAtItsUsualPortsOrNextToTheOthers() throws Exception {
        var own = assertInstanceOf(
                RelayChoice.Own.class, parsed(new RelayOptions()).ofPublic());
        assertEquals(3478, own.port());
        assertEquals(5349, own.tlsPort());
        var here = assertInstanceOf(
                RelayChoice.Own.class, parsed(new RelayOptions()).choice(8787));
        assertEquals(12_787, here.port());
        assertEquals(0, here.tlsPort());
        assertInstanceOf(
                RelayChoice.None.class,
                parsed(new RelayOptions(), "--relay", "none").choice(8787));
    }

    @Test
    void anotherRelayNeedsItsSecretAndAnAddressThatIsOne() throws Exception {
        String secret = "a secret of the two";
        var other = parsed(new RelayOptions(), "--relay", "turn:turn.example.net:3478", "--relay-secret", secret);
        assertInstanceOf(RelayChoice.Other.class, other.choice(8787));
        assertTrue(!other.choice(8787).toString().contains(secret), "it is in no log");
        assertThrows(
                IOException.class,
                () -> parsed(new RelayOptions(), "--relay", "turn:a.example").choice(8787));
        for (String wrong :
                new String[] {"stun:a.example", "turn:a b", "https://a.example", "turn:a.example?transport=x"})
            assertThrows(
                    IOException.class,
                    () -> parsed(new RelayOptions(), "--relay", wrong, "--relay-secret", secret)
                            .choice(8787),
                    wrong);
        for (String wrong : new String[] {"1-2", "50000", "60000-50000", "50000-70000"})
            assertThrows(
                    IOException.class,
                    () -> parsed(new RelayOptions(), "--relay-ports", wrong).choice(8787),
                    wrong);
    }
}
