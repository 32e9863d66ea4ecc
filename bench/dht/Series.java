import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// One kind of operation: how long each took, and what the nodes sent meanwhile.
final class Series {
    interface Work {
        void run() throws Exception;
    }

    private final List<Double> millis = new ArrayList<>();
    private long datagrams;

    void add(boolean counts, Work work) throws Exception {
        long before = Traffic.now().datagrams();
        long start = System.nanoTime();
        work.run();
        double took = (System.nanoTime() - start) / 1e6;
        if (!counts) return;
        millis.add(took);
        datagrams += Traffic.now().datagrams() - before;
    }

    String spread() {
        return Report.spread(millis);
    }

    /// @param calls to REST proxies for each operation
    void report(Report report, String what, String calls) {
        report.line(
                what,
                "%s, %s calls, %.0f datagrams each"
                        .formatted(spread(), calls, (double) datagrams / millis.size()));
    }

    double median() {
        return Report.percentile(millis, 0.5);
    }
}
