import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Lines while it runs, and one table at the end.
final class Report {
    private final List<String> rows = new ArrayList<>();
    // Of everybody on this machine, before we begin: what else runs makes everything slower.
    private final double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    private boolean isShort;

    void line(String what, String value) {
        System.out.println(what + ": " + value);
        rows.add("| " + what + " | " + value + " | |");
    }

    void bar(String what, double value, double limit, String unit) {
        boolean ok = value <= limit;
        isShort |= !ok;
        System.out.printf(
                Locale.ROOT, "BAR %s %.2f%s <= %.2f %s%n", what, value, unit, limit, ok ? "ok" : "short");
        rows.add(String.format(
                Locale.ROOT, "| %s | %.2f%s | <= %.2f %s |", what, value, unit, limit, ok ? "ok" : "**short**"));
    }

    static double percentile(List<Double> values, double part) {
        var sorted = values.stream().sorted().toList();
        return sorted.get((int) Math.min(sorted.size() - 1, Math.floor(part * sorted.size())));
    }

    static String spread(List<Double> millis) {
        return String.format(
                Locale.ROOT,
                "%.1f / %.1f ms (%d)",
                percentile(millis, 0.5),
                percentile(millis, 0.99),
                millis.size());
    }

    /// True when a limit was not kept.
    boolean isShort() {
        return isShort;
    }

    void write(Path file) throws IOException {
        var text = new StringBuilder("# OpenDHT as the store\n\n`./build bench dht`, " + LocalDate.now(ZoneOffset.UTC)
                + ", " + Runtime.getRuntime().availableProcessors() + " cores (load of others %.1f)".formatted(load)
                + ", JDK " + Runtime.version().feature()
                + ". p50 / p99 (number of operations). What each line means: bench/README.md.\n\n"
                + "| what | measured | limit |\n|---|---|---|\n");
        rows.forEach(row -> text.append(row).append('\n'));
        Files.writeString(file, text);
    }
}
