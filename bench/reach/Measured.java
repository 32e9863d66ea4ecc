import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// A program under test with all its children: what it takes of the processor and of memory.
final class Measured implements AutoCloseable {
    private static final double TICK = 0.01;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int MOST = 100_000;

    private final Process process;
    private final Path log;
    private final StringBuilder said = new StringBuilder();
    private boolean silent;

    /// @param log what it says goes there
    Measured(Path log, List<String> command) throws IOException {
        this.log = log;
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        Thread.ofPlatform().daemon().name("log").start(this::listen);
    }

    private void listen() {
        try (var lines = process.inputReader(StandardCharsets.ISO_8859_1);
                var out = Files.newBufferedWriter(log, StandardCharsets.ISO_8859_1)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                out.write(line + "\n");
                out.flush();
                heard(line);
            }
        } catch (IOException e) {
            System.err.println(log + ": " + e.getMessage());
        }
        synchronized (this) {
            silent = true;
            notifyAll();
        }
    }

    private synchronized void heard(String line) {
        if (said.length() < MOST) said.append(line).append('\n');
        notifyAll();
    }

    /// A Java program with the options of ./starling.
    static Measured java(Path log, String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:+UseCompactObjectHeaders",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path")));
        String more = System.getenv("STARLING_JAVA_OPTS");
        if (more != null && !more.isBlank()) command.addAll(1, List.of(more.trim().split(" +")));
        command.addAll(List.of(arguments));
        return new Measured(log, command);
    }

    /// Until it has said so.
    synchronized void await(String line) throws IOException, InterruptedException {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (said.indexOf(line) < 0) {
            long left = (until - System.nanoTime()) / 1_000_000;
            if (silent || left <= 0) {
                close();
                throw new IOException(process.info() + " does not say \"" + line + "\": " + said);
            }
            wait(left);
        }
    }

    /// Gives it a line, and waits until it has said `answer` to it.
    void ask(String line, String answer) throws IOException, InterruptedException {
        synchronized (this) {
            said.setLength(0);
        }
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
        process.getOutputStream().flush();
        await(answer);
    }

    long pid() {
        return process.pid();
    }

    private List<Long> pids() {
        var all = new ArrayList<Long>();
        all.add(process.pid());
        process.descendants().forEach(child -> all.add(child.pid()));
        return all;
    }

    /// Seconds of the processor since it began, its own and the system's for it. Threads that have ended count.
    double cpu() throws IOException {
        if (!process.isAlive()) throw new IOException("ended: " + Files.readString(log, StandardCharsets.ISO_8859_1));
        double sum = 0;
        for (long pid : pids()) {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            sum += TICK * (Long.parseLong(fields[11]) + Long.parseLong(fields[12]));
        }
        return sum;
    }

    /// Its share of memory in MiB: what others have too counts in part (PSS).
    double memory() throws IOException {
        double sum = 0;
        for (long pid : pids()) {
            Optional<String> line = Files.readAllLines(Path.of("/proc/" + pid + "/smaps_rollup")).stream()
                    .filter(each -> each.startsWith("Pss:"))
                    .findFirst();
            sum += Long.parseLong(line.orElseThrow().replaceAll("[^0-9]", "")) / 1024.0;
        }
        return sum;
    }

    @Override
    public void close() {
        try {
            var children = process.descendants().toList();
            process.destroy();
            if (!process.waitFor(8, TimeUnit.SECONDS)) process.destroyForcibly();
            children.forEach(ProcessHandle::destroyForcibly);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
