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
    private final String title, name;
    private boolean isShort;

    /// @param name of the benchmark
    Report(String title, String name) {
        this.title = title;
        this.name = name;
    }

    static double median(List<Double> values) {
        var sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    private static String spread(List<Double> values, String unit) {
        return String.format(
                Locale.ROOT,
                "%.1f (%.1f-%.1f) %s",
                median(values),
                values.stream().min(Double::compare).orElseThrow(),
                values.stream().max(Double::compare).orElseThrow(),
                unit);
    }

    void line(String what, String value) {
        System.out.println(what + ": " + value);
        rows.add("| " + what + " | " + value + " | | |");
    }

    /// What was measured of one program, each round one value.
    void measured(String what, List<Double> values, String unit) {
        line(what, spread(values, unit));
    }

    /// The same, and its ratio to the reference, round by round.
    ///
    /// @param limit of the median ratio; infinite where there is none
    void compared(String what, List<Double> values, List<Double> reference, String unit, double limit) {
        var ratios = new ArrayList<Double>();
        for (int i = 0; i < values.size(); i++) ratios.add(values.get(i) / reference.get(i));
        double ratio = median(ratios);
        boolean bar = !Double.isInfinite(limit), ok = ratio <= limit;
        isShort |= !ok;
        String said = String.format(
                Locale.ROOT,
                "%.2f (%.2f-%.2f)",
                ratio,
                ratios.stream().min(Double::compare).orElseThrow(),
                ratios.stream().max(Double::compare).orElseThrow());
        System.out.println(what + ": " + spread(values, unit) + ", ratio " + said);
        if (bar) System.out.printf(Locale.ROOT, "BAR %s %.2f <= %.2f %s%n", what, ratio, limit, ok ? "ok" : "short");
        String wanted = bar ? String.format(Locale.ROOT, "<= %.2f %s", limit, ok ? "ok" : "**short**") : "";
        rows.add("| " + what + " | " + spread(values, unit) + " | " + said + " | " + wanted + " |");
    }

    /// True when a limit was not kept.
    boolean isShort() {
        return isShort;
    }

    void write(Path file) throws IOException {
        var text = new StringBuilder("# " + title + "\n\n`./build bench " + name + "`, "
                + LocalDate.now(ZoneOffset.UTC) + ", " + Runtime.getRuntime().availableProcessors()
                + " cores (load of others %.1f), JDK ".formatted(load)
                + Runtime.version().feature()
                + ". Medians with the least and the greatest of all rounds; a ratio is taken within each round. What each"
                + " line means: bench/README.md.\n\n| what | measured | ratio | limit |\n|---|---|---|---|\n");
        rows.forEach(row -> text.append(row).append('\n'));
        Files.writeString(file, text);
    }
}
