package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.FreePort;
import dev.starling.LogLines;
import dev.starling.StandingClock;
import dev.starling.gate.AboutPage;
import dev.starling.phone.PhoneFolder;
import dev.starling.phone.Phones;
import dev.starling.sip.transport.Tap;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Where phones come in, when something else is in the way.
@org.jspecify.annotations.NullUnmarked
class PhoneDoorTest {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();

    @TempDir
    Path folder;

    private final LogLines log = LogLines.of("starling.phone");
    private Phones phones;

    @BeforeEach
    void begin() throws IOException {
        phones = new Phones(new PhoneFolder(folder.resolve("phones")), _ -> {
            throw new IOException("there are none");
        });
    }

    @AfterEach
    void end() {
        phones.close();
        log.close();
    }

    private PhoneDoor door(int port, int classicPort) {
        var config = new Peer.Config(
                folder,
                Place.at("127.0.0.1", 1, 1),
                true,
                "local",
                new DhtChoice.Own(),
                "",
                List.of(),
                "",
                false,
                List.of(),
                Optional.empty(),
                new RelayChoice.None(),
                AboutPage.Operator.UNKNOWN,
                Optional.empty(),
                new PhoneOptions.Choice(port, OptionalInt.empty(), 20_000, 29_999),
                Optional.of(
                        new ClassicOptions.Choice(classicPort, 0, Optional.empty(), List.of(), List.of(), Set.of())),
                folder);
        // Without browsers there, nobody asks for the rest.
        var sip = new PeerSip(null, null, null, (_, _) -> () -> {}, new Tap());
        return new PhoneDoor(config, sip, new StandingClock());
    }

    @Test
    void phonesComeInThoughTheWayToOrdinaryDomainsCannotBeOpened() throws Exception {
        int port = FreePort.next();
        try (var taken = new ServerSocket(0, 1, HERE);
                var door = door(port, taken.getLocalPort())) {
            assertEquals(Optional.empty(), door.open(phones).classic());
            try (var phone = new Socket(HERE, port)) {
                assertTrue(phone.isConnected());
            }
            String line = log.lines().stream()
                    .filter(each -> each.contains("ordinary SIP domains"))
                    .findFirst()
                    .orElseThrow();
            assertTrue(line.contains("phones work without it"), line);
        }
    }

    @Test
    void aPortThatWasTakenIsTriedAgainForTheNextPhone() throws Exception {
        int port = FreePort.next();
        try (var door = door(port, FreePort.next())) {
            try (var taken = new ServerSocket(port, 1, HERE)) {
                assertEquals(port, taken.getLocalPort());
                assertThrows(IOException.class, () -> door.open(phones));
            }
            assertTrue(door.open(phones).classic().isPresent());
            try (var phone = new Socket(HERE, port)) {
                assertTrue(phone.isConnected());
            }
        }
    }
}
