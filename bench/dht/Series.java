import java.util.ArrayList;
import java.util.List;

/// One kind of operation: how long each took, what was asked of proxies, and what the nodes sent meanwhile.
final class Series {
    interface Work {
        void run() throws Exception;
    }

    private final List<Double> millis = new ArrayList<>();
    private long requests, datagrams;

    void add(boolean counts, Work work) throws Exception {
        long asked = Requests.now(), before = Traffic.now().datagrams();
        long start = System.nanoTime();
        work.run();
        double took = (System.nanoTime() - start) / 1e6;
        if (!counts) return;
        millis.add(took);
        requests += Requests.now() - asked;
        datagrams += Traffic.now().datagrams() - before;
    }

    String spread() {
        return Report.spread(millis);
    }

    void report(Report report, String what) {
        double count = millis.size();
        report.line(
                what,
                "%s, %.1f requests and %.0f datagrams each"
                        .formatted(spread(), requests / count, datagrams / count));
    }

    double median() {
        return Report.percentile(millis, 0.5);
    }
}
