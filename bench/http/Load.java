import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Drives both servers in turn, several rounds, and prints medians, ratios and bars.
///
/// Both run on the same cores as the load, so requests a second say little: CPU time of the server's process for each
/// request is what is compared.
public final class Load {
    private static final int ROUNDS = 5, CONNECTIONS = 16, IDLE = 2000;
    private static final int GETS = 16_000, LOOKUPS = 4_000, ECHOES = 16_000, WARM_UP = 5;
    private static final double TICKS = 100;

    private Load() {}

    /// One server process.
    private static final class Server implements AutoCloseable {
        private final Process process;
        private final BufferedReader out;
        private final int port;

        Server(String name, String classPath, String folder) throws IOException {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                            "-XX:+UseSerialGC",
                            "-Xmx512m",
                            "--enable-native-access=ALL-UNNAMED",
                            "-cp",
                            classPath,
                            "Serve",
                            name)
                    .redirectError(Path.of(folder, name + ".log").toFile())
                    .start();
            out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
            port = (int) number("port ");
        }

        private long number(String prefix) throws IOException {
            for (String line = out.readLine(); line != null; line = out.readLine())
                if (line.startsWith(prefix)) return Long.parseLong(line.substring(prefix.length()));
            throw new IOException("the server ended");
        }

        /// Milliseconds of CPU so far.
        double cpu() throws IOException {
            String[] stat =
                    Files.readString(Path.of("/proc/" + process.pid() + "/stat")).split("\\) ")[1].split(" ");
            return (Long.parseLong(stat[11]) + Long.parseLong(stat[12])) * 1000 / TICKS;
        }

        /// Bytes of heap in use after a collection, and resident bytes.
        long[] memory() throws IOException {
            process.getOutputStream().write('g');
            process.getOutputStream().flush();
            long heap = number("heap ");
            long resident = Files.readString(Path.of("/proc/" + process.pid() + "/status"))
                    .lines()
                    .filter(l -> l.startsWith("VmRSS:"))
                    .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) * 1024)
                    .sum();
            return new long[] {heap, resident};
        }

        @Override
        public void close() {
            process.destroy();
        }
    }

    private interface Work {
        void run(int port, int times) throws IOException;
    }

    private static void gets(int port, String path, int times) throws IOException {
        byte[] request = ("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setTcpNoDelay(true);
            for (int i = 0; i < times; i++) {
                socket.getOutputStream().write(request);
                answer(socket.getInputStream());
            }
        }
    }

    private static void answer(InputStream in) throws IOException {
        String head = head(in).toLowerCase(java.util.Locale.ROOT);
        if (!head.startsWith("http/1.1 200")) throw new IOException(head);
        if (head.contains("transfer-encoding: chunked")) {
            for (int size = chunk(in); ; size = chunk(in)) {
                in.skipNBytes(size + 2L);
                if (size == 0) return;
            }
        }
        int at = head.indexOf("content-length: ") + 16;
        in.skipNBytes(Integer.parseInt(head.substring(at, head.indexOf('\r', at))));
    }

    private static int chunk(InputStream in) throws IOException {
        var line = new StringBuilder();
        for (int b = in.read(); b != '\n'; b = in.read()) line.append((char) b);
        return Integer.parseInt(line.toString().trim(), 16);
    }

    private static String head(InputStream in) throws IOException {
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int b = in.read();
            if (b < 0) throw new IOException("closed: " + head);
            head.append((char) b);
        }
        return head.toString();
    }

    private static Socket webSocket(int port) throws IOException {
        var socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        socket.getOutputStream()
                .write(("GET /sip HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                + "Sec-WebSocket-Protocol: sip\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        String head = head(socket.getInputStream());
        if (!head.startsWith("HTTP/1.1 101")) throw new IOException(head);
        return socket;
    }

    private static void echoes(int port, int times) throws IOException {
        byte[] frame = new byte[8 + 1024];
        frame[0] = (byte) 0x82;
        frame[1] = (byte) (0x80 | 126);
        frame[2] = 4;
        try (var socket = webSocket(port)) {
            for (int i = 0; i < times; i++) {
                socket.getOutputStream().write(frame);
                socket.getInputStream().skipNBytes(4 + 1024);
            }
        }
    }

    /// Server CPU in microseconds for one request.
    private static double cost(Server server, int times, Work work) throws Exception {
        double before = server.cpu();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++)
                all.add(threads.submit(() -> {
                    work.run(server.port, times / CONNECTIONS);
                    return null;
                }));
            for (var each : all) each.get();
        }
        return (server.cpu() - before) * 1000 / times;
    }

    private static void round(Server server, Map<String, List<Double>> into, String name) throws Exception {
        note(into, name + " GET of 8 KiB, server CPU us", cost(server, GETS, (p, n) -> gets(p, "/file.js", n)));
        note(
                into,
                name + " GET /key of 4 values, server CPU us",
                cost(server, LOOKUPS, (p, n) -> gets(p, "/key/" + "5a".repeat(20), n)));
        note(into, name + " WebSocket echo of 1 KB, server CPU us", cost(server, ECHOES, Load::echoes));
    }

    private static void note(Map<String, List<Double>> into, String what, double value) {
        into.computeIfAbsent(what, _ -> new ArrayList<>()).add(value);
    }

    private static void idle(Server server, Map<String, List<Double>> into, String name) throws IOException {
        long[] before = server.memory();
        var open = new ArrayList<Socket>();
        try {
            for (int i = 0; i < IDLE; i++) open.add(webSocket(server.port));
            long[] after = server.memory();
            note(into, name + " idle WebSocket, heap KB", (after[0] - before[0]) / 1024.0 / IDLE);
            note(into, name + " idle WebSocket, resident KB", (after[1] - before[1]) / 1024.0 / IDLE);
        } finally {
            for (var socket : open) socket.close();
        }
    }

    public static void main(String[] arguments) throws Exception {
        var measured = new TreeMap<String, List<Double>>();
        var warming = new TreeMap<String, List<Double>>();
        try (var helidon = new Server("helidon", arguments[0], arguments[1]);
                var jetty = new Server("jetty", arguments[0], arguments[1])) {
            for (int i = 0; i < WARM_UP; i++) {
                round(helidon, warming, "helidon");
                round(jetty, warming, "jetty");
            }
            for (int i = 0; i < ROUNDS; i++) {
                round(helidon, measured, "helidon");
                round(jetty, measured, "jetty");
            }
            idle(helidon, measured, "helidon");
            idle(jetty, measured, "jetty");
        }
        boolean ok = true;
        for (var entry : measured.entrySet())
            System.out.printf("%s: %.1f %s%n", entry.getKey(), median(entry.getValue()), entry.getValue().size() == 1 ? "" : "(p50 of " + entry.getValue().size() + ", " + spread(entry.getValue()) + ")");
        for (String what : List.of("GET of 8 KiB, server CPU us", "GET /key of 4 values, server CPU us", "WebSocket echo of 1 KB, server CPU us", "idle WebSocket, resident KB"))
            ok &= bar(what, median(measured.get("helidon " + what)) / median(measured.get("jetty " + what)));
        System.exit(ok ? 0 : 1);
    }

    // Chosen stays chosen while it costs at most a quarter more than the other.
    private static boolean bar(String what, double ratio) {
        boolean ok = ratio <= 1.25;
        System.out.printf("BAR helidon/jetty %s %.2f <= 1.25 %s%n", what, ratio, ok ? "ok" : "short");
        return ok;
    }

    private static String spread(List<Double> values) {
        return String.format("%.1f-%.1f", values.stream().min(Double::compare).get(), values.stream().max(Double::compare).get());
    }

    private static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
