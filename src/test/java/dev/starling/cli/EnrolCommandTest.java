package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.ca.TestCa;
import dev.starling.enrol.Enrolment;
import dev.starling.identity.Address;
import dev.starling.identity.Anchor;
import dev.starling.identity.AnchorLog;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.TrustAnchors;
import dev.starling.identity.log.LogPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// What cron learns from `starling enrol`, run again while the certificate is good.
class EnrolCommandTest {
    private static final int WELL = 0, ALARM = 3, UNREAD = 4;

    @TempDir
    private Path folder;

    private final Address bob = new Address("bob@example.net");
    private TestCa ca;
    private Anchor logged;
    private Path file;

    EnrolCommandTest() {}

    @BeforeEach
    void start() throws Exception {
        ca = new TestCa(Files.createDirectory(folder.resolve("ca")));
        logged = Anchor.of(ca.issuer.root())
                .with(new AnchorLog(new LogPolicy(ca.log.key(), List.of(), 0), ca.base + "/acme/log", true));
        file = folder.resolve("bob.p12");
        enrol(file);
    }

    @AfterEach
    void stop() throws Exception {
        ca.close();
    }

    private void enrol(Path held) throws Exception {
        var verifier = new CertificateVerifier(TrustAnchors.limited(List.of(logged)), false);
        new Enrolment(ca.directory(), verifier, ca.clock)
                .enrol(bob, held, (_, _) -> Optional.of(ca.letters.last().code()));
    }

    private int run(Anchor believed) throws IOException {
        Path anchor = Files.writeString(folder.resolve("anchor.pem"), believed.text());
        return run("--ca", String.valueOf(ca.directory()), "--anchor", anchor.toString());
    }

    private int run(String... more) {
        var words = new ArrayList<>(List.of(bob.text(), "--out", file.toString()));
        words.addAll(List.of(more));
        return new CommandLine(new EnrolCommand()).execute(words.toArray(String[]::new));
    }

    @Test
    void aCertificateThatSomebodyElseGotIsAnAlarmOnce() throws Exception {
        assertEquals(WELL, run(logged));
        enrol(folder.resolve("thief.p12"));
        assertEquals(ALARM, run(logged));
        assertEquals(WELL, run(logged));
    }

    @Test
    void aLogThatCannotBeReadIsNeitherAnAlarmNorWell() throws Exception {
        assertEquals(WELL, run(logged));
        ca.close();
        assertEquals(UNREAD, run(logged));
        assertEquals(UNREAD, run("--server", "http://127.0.0.1:1/"), "nor when it is not known which there are");
        assertEquals(WELL, run(Anchor.of(ca.issuer.root())), "where none is named there is nothing to read");
    }
}
