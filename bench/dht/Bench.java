import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/// Publishing and finding people in real OpenDHT networks of growing size, in turns with raw OpenDHT.
public final class Bench {
    private static final int[] SIZES = {8, 32, 128};
    // The first also fills the JIT's tables: a peer has been running for a while.
    private static final int FIRST_WARM_UP = 400, WARM_UP = 20, ROUNDS = 120;
    private static final int KEEPING_NODES = 32;
    // A limit was not kept; anything else that is not 0 is a failure.
    private static final int SHORT = 3;

    private Bench() {}

    public static void main(String[] args) throws Exception {
        Requests.count();
        Path out = Path.of(args[0]);
        var options = List.of(args).subList(1, args.length);
        var report = new Report();
        int warmUp = FIRST_WARM_UP;
        for (int size : SIZES) {
            try (var _ = new Nodes(size);
                    var turns = new Turns(fresh(out.resolve("peer" + size)))) {
                for (int i = 0; i < warmUp + ROUNDS; i++) turns.round(i >= warmUp);
                turns.report(report, size);
            }
            warmUp = WARM_UP;
        }
        if (!options.contains("--short")) {
            try (var nodes = new Nodes(KEEPING_NODES)) {
                Keeping.measure(nodes, fresh(out.resolve("peer-keep")), report);
            }
        }
        if (options.contains("--write")) report.write(Path.of("docs", "bench-dht.md"));
        System.exit(report.isShort() ? SHORT : 0);
    }

    private static Path fresh(Path folder) throws Exception {
        if (Files.exists(folder))
            try (var all = Files.walk(folder)) {
                for (Path each : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(each);
            }
        return Files.createDirectories(folder);
    }
}
