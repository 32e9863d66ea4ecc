package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.FreePort;
import dev.starling.ca.store.PostgreSql;
import dev.starling.ca.validation.FakeDns;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.subethamail.smtp.MessageHandler;
import org.subethamail.smtp.server.SMTPServer;

/// A CA in processes of its own, each with its own folder, on a real PostgreSQL and a mail server that shows its mails.
final class Apart implements AutoCloseable {
    private static final Pattern CODE = Pattern.compile("(?m)^Subject: ACME: ([A-Za-z0-9_-]{32})\r?$");
    private static final long PATIENCE_SECONDS = 90;

    /// One of them, with what it has said.
    record Running(Process process, List<String> said) {
        /// As `kill -9`.
        void kill() throws InterruptedException {
            process.destroyForcibly().waitFor();
        }

        String find(String start) {
            return said.stream()
                    .filter(line -> line.startsWith(start))
                    .map(line -> line.substring(start.length()))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("it did not say " + start + ": " + said));
        }
    }

    final String database = PostgreSql.database();
    final String base;
    private final Path folder;
    private final int port = FreePort.next();
    private final Map<String, BlockingQueue<String>> mailboxes = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> certificates = new ConcurrentHashMap<>();
    private final SMTPServer smtp;
    final FakeDns dns;
    private final List<Running> all = new CopyOnWriteArrayList<>();

    Apart(Path folder) throws IOException {
        this.folder = folder;
        base = "http://127.0.0.1:" + port;
        dns = new FakeDns(FakeDns.mail());
        smtp = new SMTPServer.Builder()
                .port(0)
                .bindAddress(InetAddress.getLoopbackAddress())
                .messageHandlerFactory(_ -> new Inbox())
                .build();
        smtp.start();
    }

    private final class Inbox implements MessageHandler {
        private String to = "";

        @Override
        public void from(String address) {}

        @Override
        public void recipient(String address) {
            to = address;
        }

        @Override
        public String data(InputStream data) throws IOException {
            String mail = new String(data.readAllBytes(), StandardCharsets.UTF_8);
            var code = CODE.matcher(mail);
            if (code.find()) mailbox(to).add(code.group(1));
            if (mail.contains("-----BEGIN CERTIFICATE-----"))
                certificates.computeIfAbsent(to, _ -> new AtomicInteger()).incrementAndGet();
            return "taken";
        }

        @Override
        public void done() {}
    }

    private BlockingQueue<String> mailbox(String address) {
        return mailboxes.computeIfAbsent(address, _ -> new LinkedBlockingQueue<>());
    }

    /// The next code that comes to an address.
    String code(String address) throws InterruptedException {
        String code = mailbox(address).poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (code == null) throw new AssertionError("no mail came to " + address);
        return code;
    }

    /// How many mails with a certificate came to it.
    int certificates(String address) {
        return certificates.getOrDefault(address, new AtomicInteger()).get();
    }

    boolean hasMail(String address) {
        return !mailbox(address).isEmpty();
    }

    Running validation(String... more) throws IOException, InterruptedException {
        var arguments = new ArrayList<>(List.of("validation", "--data", data("validation"), "--base", base));
        arguments.addAll(List.of(more));
        return start(arguments, mails());
    }

    /// @param more options
    Running issuer(String name, String proofKey, String... more) throws IOException, InterruptedException {
        return start(
                List.of("issuer", "--data", data(name), "--base", base, "--proof-key", proofKey, "--certificates", "3"),
                List.of(more));
    }

    /// @param proves whether it proves mailboxes itself
    Running front(boolean proves) throws IOException, InterruptedException {
        return start(frontOptions(proves), List.of());
    }

    /// One that proves mailboxes and ends by itself, because no issuer is there yet; what it says.
    String frontBeforeItsIssuer() throws IOException, InterruptedException {
        Process process = process(frontOptions(true), List.of());
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(1, process.waitFor(), said);
        return said;
    }

    private List<String> frontOptions(boolean proves) {
        var arguments = new ArrayList<>(List.of("--data", data("front"), "--port", "" + port, "--no-issuing-key"));
        for (String each : List.of("network=1000", "account=1000", "domain=1000"))
            arguments.addAll(List.of("--limit", each));
        if (proves) arguments.addAll(mails());
        else arguments.add("--no-validation");
        return arguments;
    }

    String data(String name) {
        return folder.resolve(name).toString();
    }

    private List<String> mails() {
        return List.of(
                "--smtp", "127.0.0.1:" + smtp.getPortAllocated(), "--from", "acme@ca.example", "--dns", dns.place());
    }

    private Process process(List<String> arguments, List<String> more) throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx128m",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.starling.cli.Main",
                "ca"));
        command.addAll(arguments);
        command.addAll(more);
        command.addAll(List.of("--database", database));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private Running start(List<String> arguments, List<String> more) throws IOException, InterruptedException {
        Process process = process(arguments, more);
        var running = new Running(process, new CopyOnWriteArrayList<>());
        all.add(running);
        var ready = new java.util.concurrent.CountDownLatch(1);
        Thread.ofVirtual().start(() -> {
            try (BufferedReader lines = process.inputReader()) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    running.said().add(line);
                    if (line.startsWith("ready")) ready.countDown();
                }
            } catch (IOException e) {
                running.said().add(e.toString());
            }
            ready.countDown();
        });
        assertTrue(
                ready.await(PATIENCE_SECONDS, TimeUnit.SECONDS),
                () -> running.said().toString());
        assertTrue(process.isAlive(), () -> running.said().toString());
        return running;
    }

    /// An order that is ready, by the code from its mail.
    AcmeCaller.Reply proven(AcmeCaller caller, String address) throws Exception {
        var order = caller.order(address);
        assertEquals(201, order.status(), order::toString);
        var answered = caller.answer(caller.challenge(order), code(address));
        assertEquals("valid", answered.text("status"), answered::toString);
        return order;
    }

    /// Asks until the order is no longer `processing`.
    AcmeCaller.Reply settled(AcmeCaller caller, AcmeCaller.Reply order) throws Exception {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS); ; ) {
            var now = caller.post(order.header("location"), "");
            if (!now.text("status").equals("processing") || System.nanoTime() > end) return now;
            // A client asks again, as Retry-After tells it.
            Thread.sleep(200);
        }
    }

    @Override
    public void close() throws IOException {
        for (Running each : all) each.process().destroyForcibly().onExit().join();
        smtp.stop();
        dns.close();
    }
}
