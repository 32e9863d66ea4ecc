import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a certificate of our CA costs beside Pebble's: everybody runs all the time and is asked in turn, the order reversed
/// every other round, each warmed alike; a ratio is taken within each round. One worker asks: with eight, Pebble 2.4.0 soon
/// answers no more orders. How many certificates eight workers get within a second is measured of ours alone.
final class CaBench {
    private static final int MANY = 8, WARMING = 300, ROUND = 200, WAITING = 5_000;

    private CaBench() {}

    public static void main(String[] words) throws Exception {
        Path out = Path.of(words[0]);
        int rounds = Integer.parseInt(words[1]);
        boolean writes = List.of(words).contains("--write");
        var report = new Report("Beside Pebble", "ca");
        var all = new LinkedHashMap<String, Authorities.Running>();
        all.put("Pebble", Authorities.pebble(out));
        all.put("Starling, SQLite", Authorities.ours(out, "sqlite", Optional.empty(), Optional.empty()));
        all.put("Starling, PostgreSQL", Authorities.onPostgreSql(out));
        var times = new LinkedHashMap<String, List<Double>>();
        var cpus = new LinkedHashMap<String, List<Double>>();
        try {
            for (var each : all.values()) each.load().take(WARMING);
            var names = new ArrayList<>(all.keySet());
            for (int round = 0; round < rounds; round++) {
                for (String name : round % 2 == 0 ? names : names.reversed()) {
                    var ca = all.get(name);
                    double before = ca.cpu(), seconds = ca.load().take(ROUND);
                    times.computeIfAbsent(name, _ -> new ArrayList<>()).add(1000 * seconds / ROUND);
                    cpus.computeIfAbsent(name, _ -> new ArrayList<>()).add(1000 * (ca.cpu() - before) / ROUND);
                }
            }
            said(report, times, "a certificate");
            said(report, cpus, "CPU of the servers, a certificate");
            all.forEach((name, ca) -> report.line(name + ", requests without an answer within 5 s, begun anew", String.valueOf(ca.load().unanswered())));
            for (String name : List.of("Starling, SQLite", "Starling, PostgreSQL")) {
                many(report, name, all.get(name), rounds);
                waiting(report, name, all.get(name));
            }
        } finally {
            all.values().forEach(Authorities.Running::close);
        }
        if (writes) report.write(Path.of("docs/bench-ca.md"));
        if (report.isShort()) System.exit(3);
    }

    private static void said(Report report, Map<String, List<Double>> values, String what) {
        List<Double> reference = values.get("Pebble");
        values.forEach((name, all) -> {
            if (name.equals("Pebble")) report.measured(what + ", Pebble", all, "ms");
            else report.compared(what + ", " + name, all, reference, "ms", Double.POSITIVE_INFINITY);
        });
    }

    /// Eight workers at once.
    private static void many(Report report, String name, Authorities.Running ca, int rounds) throws Exception {
        var perSecond = new ArrayList<Double>();
        ca.load().workers(MANY);
        for (int round = 0; round < rounds; round++) perSecond.add(ROUND / ca.load().take(ROUND));
        report.measured(name + ", " + MANY + " workers: certificates", perSecond, "/s");
    }

    /// With thousands of orders whose code nobody sends back.
    private static void waiting(Report report, String name, Authorities.Running ca) throws Exception {
        double before = 1000 * ca.load().take(ROUND) / ROUND;
        double seconds = ca.load().leave(WAITING);
        double after = 1000 * ca.load().take(ROUND) / ROUND;
        report.line(
                name + ", " + WAITING + " orders left waiting",
                "an order in %.1f ms; a certificate before and after %.1f, %.1f ms"
                        .formatted(1000 * seconds / WAITING, before, after));
    }
}
