package dev.starling.ca.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.FreePort;
import dev.starling.identity.Anchor;
import dev.starling.identity.AnchorLog;
import dev.starling.identity.log.AddCheckpoint;
import dev.starling.identity.log.Checkpoint;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.NoteKey;
import dev.starling.identity.log.NoteSignature;
import dev.starling.mail.SmimeWorld;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A witness as a real process (`starling peer`), killed (`kill -9`) when what it is about to cosign is on the disk and
/// its answer is not out: afterwards it cosigns that head and what follows from it, and no other.
class WitnessDeathTest {
    private static final int ROUNDS = 8;
    private static final Pattern KEY = Pattern.compile("\"witness\":\\{\"url\":\"[^\"]*\",\"key\":\"([^\"]+)\"");

    @TempDir
    Path folder;

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private int port, sip;
    private Optional<Process> running = Optional.empty();

    @BeforeEach
    void ports() throws IOException {
        port = FreePort.next();
        sip = FreePort.next();
    }

    @AfterEach
    void stop() {
        running.ifPresent(each -> each.destroyForcibly().onExit().join());
        http.close();
    }

    private Process start() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.starling.cli.Main",
                        "peer",
                        "--local",
                        "--data",
                        folder.resolve("peer").toString(),
                        "--port",
                        "" + port,
                        "--sip-port",
                        "" + sip,
                        "--anchor",
                        folder.resolve("anchor.pem").toString(),
                        "--ca",
                        "http://127.0.0.1:9/acme/directory")
                .redirectErrorStream(true)
                .start();
        running = Optional.of(process);
        BufferedReader lines = process.inputReader();
        var said = new StringBuilder();
        for (String line = lines.readLine(); !String.valueOf(line).startsWith("ready"); line = lines.readLine()) {
            assertTrue(line != null, said::toString);
            said.append(line).append('\n');
        }
        return process;
    }

    private static byte[] request(Log log, long old, Checkpoint head) throws IOException {
        return new AddCheckpoint(old, log.consistency(old, head.head().size()), head).bytes();
    }

    private HttpResponse<String> ask(byte[] request) throws Exception {
        var post = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/witness/add-checkpoint"))
                .POST(HttpRequest.BodyPublishers.ofByteArray(request))
                .build();
        return http.send(post, HttpResponse.BodyHandlers.ofString());
    }

    /// Sends it, and kills the process as soon as the head is stored.
    ///
    /// @return whether no octet of an answer came
    private boolean killedBetween(Process process, byte[] request, Checkpoint head) throws Exception {
        String url = "jdbc:sqlite:" + folder.resolve("peer/witness.db");
        try (Connection db = DriverManager.getConnection(url);
                var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            String post = "POST /witness/add-checkpoint HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nContent-Length: "
                    + request.length + "\r\n\r\n";
            var out = socket.getOutputStream();
            out.write(post.getBytes(StandardCharsets.US_ASCII));
            out.write(request);
            out.flush();
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (!isStored(db, head.bytes())) assertTrue(System.nanoTime() < end, "it does not store it");
            process.toHandle().destroyForcibly();
            assertEquals(128 + 9, process.waitFor());
            return isSilent(socket);
        }
    }

    private static boolean isSilent(Socket socket) {
        try (InputStream answer = socket.getInputStream()) {
            return answer.read() < 0;
        } catch (IOException e) {
            // Reset.
            return true;
        }
    }

    private static boolean isStored(Connection db, byte[] checkpoint) throws SQLException {
        try (Statement s = db.createStatement();
                ResultSet found = s.executeQuery("select checkpoint from head")) {
            return found.next() && java.util.Arrays.equals(checkpoint, found.getBytes(1));
        }
    }

    private static NoteSignature signature(HttpResponse<String> response) throws Exception {
        assertEquals(200, response.statusCode(), response::body);
        return NoteSignature.parse(response.body().strip());
    }

    /// The first `common` entries of the log, and others after them.
    private static Log fork(int common, int size) throws IOException {
        var log = new Log(Logs.LOG, new MemoryLog());
        Logs.publish(log, Logs.entries(0, common));
        var others = new java.util.ArrayList<LogEntry>();
        for (int i = common; i < size; i++) others.add(Logs.entry("somebody else " + i, i));
        Logs.publish(log, others);
        return log;
    }

    @Test
    void whatItStoredIsWhatItCosignsAndNothingElse() throws Exception {
        var anchor = Anchor.of(SmimeWorld.ca("CN=Log's CA").bySelf().certificate())
                .with(new AnchorLog(Logs.POLICY, "http://127.0.0.1:9/acme/log", true));
        Files.writeString(folder.resolve("anchor.pem"), anchor.text());
        var store = new MemoryLog();
        var log = new Log(Logs.LOG, store);
        int size = 0, between = 0;
        NoteKey first = key(start());
        var policy = new LogPolicy(Logs.LOG.key(), List.of(first), 1);
        for (int round = 0; round < ROUNDS && between < 2; round++) {
            int old = size;
            size += 3;
            Checkpoint head = Logs.publish(log, Logs.entries(old, size));
            if (killedBetween(running.orElseThrow(), request(log, old, head), head)) between++;
            assertEquals(first, key(start()), "it is the same witness");
            // As if nothing had been stored: another log of the same CA, from the head before.
            Log other = fork(old, size + 2);
            Checkpoint larger = other.sign();
            assertEquals(size + "\n", ask(request(other, old, larger)).body());
            assertEquals(
                    422, ask(new AddCheckpoint(size, List.of(), larger).bytes()).statusCode());
            Log same = fork(old, size);
            var forked = ask(new AddCheckpoint(size, List.of(), same.sign()).bytes());
            assertEquals(409, forked.statusCode());
            assertTrue(forked.body().contains("forked"), forked::body);
            // The log asks again, and gets what it did not hear.
            assertEquals(size + "\n", ask(request(log, old, head)).body());
            var _ = policy.verify(head.with(signature(ask(request(log, size, head)))));
        }
        assertTrue(between >= 1, "it was never killed between the two");
    }

    private NoteKey key(Process process) throws Exception {
        assertTrue(process.isAlive());
        var get = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/peer.json"))
                .build();
        String said = http.send(get, HttpResponse.BodyHandlers.ofString()).body();
        var key = KEY.matcher(said);
        assertTrue(key.find(), said);
        return NoteKey.parse(key.group(1), NoteKey.Kind.WITNESS);
    }
}
