package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The side for phones with somebody else's test phones: `sipp` (Debian's sip-tester) and `sipsak`, both with MD5,
/// which
/// is all they know.
class SippTest {
    private static final int PATIENCE_SECONDS = 120;
    private static final String REGISTER = """
            <?xml version="1.0" encoding="ISO-8859-1" ?>
            <scenario name="register">
              <send retrans="500"><![CDATA[
            REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
            Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
            Max-Forwards: 70
            From: <sip:bob@example.net>;tag=[call_number]
            To: <sip:bob@example.net>
            Call-ID: [call_id]
            CSeq: 1 REGISTER
            Contact: <sip:bob@[local_ip]:[local_port]>
            Expires: 600
            User-Agent: sipp
            Content-Length: 0

              ]]></send>
              <recv response="401" auth="true"/>
              <send retrans="500"><![CDATA[
            REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
            Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
            Max-Forwards: 70
            From: <sip:bob@example.net>;tag=[call_number]
            To: <sip:bob@example.net>
            Call-ID: [call_id]
            CSeq: 2 REGISTER
            Contact: <sip:bob@[local_ip]:[local_port]>
            Expires: 600
            User-Agent: sipp
            [authentication username=bob password=secret]
            Content-Length: 0

              ]]></send>
              <recv response="401" optional="true"/>
              <recv response="200"/>
            </scenario>
            """;

    @TempDir
    Path folder;

    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();
    private Optional<PhoneServer> server = Optional.empty();

    @BeforeEach
    void begin() throws Exception {
        server = Optional.of(new PhoneServer("127.0.0.1", 0, folder, said::add));
    }

    @AfterEach
    void end() {
        server.ifPresent(PhoneServer::close);
    }

    private static void need(String program, String packaged) {
        boolean there = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
        Assumptions.assumeTrue(there, program + " is not installed (apt-get install " + packaged + ")");
    }

    private String run(int status, String... command) throws Exception {
        Path log = folder.resolve("out");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(log.toFile())
                .start();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly();
        String out = Files.readString(log, java.nio.charset.StandardCharsets.ISO_8859_1);
        assertEquals(status, process.waitFor(), out);
        return out;
    }

    private static String[] with(List<String> command, String last) {
        var all = new ArrayList<>(command);
        all.add(last);
        return all.toArray(new String[0]);
    }

    private String next() throws InterruptedException {
        return Optional.ofNullable(said.poll(30, TimeUnit.SECONDS)).orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"u1 UDP", "t1 TCP"})
    void sippRegistersAHundredTimes(String how) throws Exception {
        need("sipp", "sip-tester");
        Path scenario =
                Files.writeString(folder.resolve("register.xml"), REGISTER.replaceAll("(?m)^ {0,14}(?=[A-Z\\[])", ""));
        String transport = how.substring(3);
        var command = new ArrayList<>(
                List.of("sipp", "127.0.0.1:" + server.orElseThrow().transport.port()));
        command.addAll(List.of("-sf", scenario.toString(), "-t", how.substring(0, 2), "-i", "127.0.0.1"));
        command.addAll(List.of("-r", "50", "-nostdin", "-timeout", "100s", "-timeout_error", "-m"));
        // It takes the first challenge for the only one, and gives up. Then it is offered MD5 alone, and from then on.
        run(255, with(command, "1"));
        run(0, with(command, "1"));
        run(0, with(command, "100"));
        // By TCP the connection may have ended before it is said, and with it the binding.
        for (String line = next(); !line.equals("registered " + transport + " sipp"); line = next())
            assertEquals("gone", line);
    }

    @Test
    void sipsakRegistersAndIsRefusedWithAnotherPassword() throws Exception {
        need("sipsak", "sipsak");
        String uri = "sip:bob@127.0.0.1:" + server.orElseThrow().transport.port();
        String[] register = {
            "sipsak", "-U", "-s", uri, "-u", "bob", "-a", "secret", "-C", "sip:bob@127.0.0.1:5099", "-x", "600"
        };
        run(2, register);
        run(0, register);
        assertTrue(next().startsWith("registered UDP sipsak"));
        run(2, "sipsak", "-U", "-s", uri, "-u", "bob", "-a", "wrong", "-C", "sip:bob@127.0.0.1:5099", "-x", "600");
        run(0, "sipsak", "-s", uri);
    }
}
