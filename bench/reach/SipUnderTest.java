import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;

/// One SIP server that runs, with the phones that keep it busy.
final class SipUnderTest implements AutoCloseable {
    static final int COUNT = 12_000;
    private static final List<String> MEMORY = List.of("-x", "tlsf", "-X", "tlsf", "-m", "2048", "-M", "16");

    final String name;
    final Map<Load.Kind, List<Double>> micros = new EnumMap<>(Load.Kind.class);
    private final Measured process;
    private final Load load;
    private int next, lost, failed;

    private SipUnderTest(String name, Measured process, int port, int users) throws Exception {
        this.name = name;
        this.process = process;
        load = new Load(new InetSocketAddress("127.0.0.1", port), new Phones(users, port + 2));
    }

    /// As phones' calls of the product are: two dialogs.
    static SipUnderTest ours(Path out, int users) throws Exception {
        return ours(out, users, "Starling", "dialogs", 5060);
    }

    /// The same parts as a proxy between phones.
    static SipUnderTest proxy(Path out, int users) throws Exception {
        return ours(out, users, "Starling's core as a proxy", "proxy", 5090);
    }

    private static SipUnderTest ours(Path out, int users, String name, String as, int port) throws Exception {
        Path folder = Files.createDirectories(out.resolve(as));
        for (String each : List.of("phones.db", "phones.db-wal", "phones.db-shm"))
            Files.deleteIfExists(folder.resolve(each));
        Path log = out.resolve(as + ".log");
        var process =
                Measured.java(log, "SipServer", "127.0.0.1", "" + port, folder.toString(), "" + users, as);
        process.await("ready");
        return new SipUnderTest(name, process, port, users);
    }

    /// A script for Kamailio: see kamailio.cfg.
    enum Script {
        PLAIN("Kamailio", 5070, "DIGEST"),
        CAREFUL("Kamailio, as careful", 5074, "DIGEST", "CAREFUL"),
        TRUSTING("Kamailio without digest", 5080);

        private final String title;
        private final int port;
        private final List<String> words;

        Script(String title, int port, String... words) {
            this.title = title;
            this.port = port;
            this.words = List.of(words);
        }
    }

    /// Of a release without a line that says so when it is ready: it is, when it answers.
    static SipUnderTest kamailio(Path out, Script script, int users) throws Exception {
        Path config = out.resolve("kamailio.cfg");
        Files.writeString(
                config, Files.readString(Path.of("bench/reach/kamailio.cfg")).replace("HA1_OF_ALL", Phones.HA1.sha256()));
        var command = new ArrayList<>(List.of("kamailio", "-f", config.toString(), "-DD", "-E", "-n", "2"));
        command.addAll(MEMORY);
        command.addAll(List.of("-l", "udp:127.0.0.1:" + script.port));
        for (String word : script.words) command.addAll(List.of("-A", word));
        var process = new Measured(out.resolve("kamailio-" + script.port + ".log"), command);
        var server = new SipUnderTest(script.title, process, script.port, users);
        while (server.load.run(Load.Kind.REGISTER, 1, 0).lost() > 0) process.cpu();
        return server;
    }

    /// Every phone is here.
    void register(int from, int count) throws Exception {
        count(load.run(Load.Kind.REGISTER, count, from));
    }

    /// With every kind of message: the same for everybody.
    void warm() throws Exception {
        for (Load.Kind kind : Load.Kind.values()) count(load.run(kind, 10_000, next));
        next += 10_000;
    }

    void measure() throws Exception {
        for (Load.Kind kind : Load.Kind.values()) {
            double before = process.cpu();
            count(load.run(kind, COUNT, next));
            micros.computeIfAbsent(kind, _ -> new ArrayList<>()).add((process.cpu() - before) / COUNT * 1e6);
        }
        next += COUNT;
    }

    /// Until the transactions that it has now have ended, if it says so: others keep theirs for a shorter time.
    void rest() throws Exception {
        if (name.startsWith("Starling")) process.ask("", "rested");
    }

    /// All of them at once.
    static void rest(List<SipUnderTest> servers) throws Exception {
        try (var each = Executors.newVirtualThreadPerTaskExecutor()) {
            var resting = servers.stream()
                    .map(server -> each.submit(() -> {
                        server.rest();
                        return true;
                    }))
                    .toList();
            for (var one : resting) one.get();
        }
    }

    private void count(Load.Result result) {
        lost += result.lost();
        failed += result.failed();
    }

    String troubles() {
        return lost + " lost, " + failed + " failed";
    }

    double memory() throws IOException {
        return process.memory();
    }

    @Override
    public void close() {
        load.close();
        process.close();
    }
}
