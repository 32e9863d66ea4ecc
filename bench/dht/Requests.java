import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/// What this process asked of REST proxies so far, ours and raw: the JDK's HTTP client says each request in its log.
final class Requests {
    private static final AtomicLong COUNT = new AtomicLong();
    // Kept: the log system forgets what nobody holds.
    private static final Logger LOG = Logger.getLogger("jdk.httpclient.HttpClient");

    private Requests() {}

    /// To be called before the first request.
    static void count() {
        System.setProperty("jdk.httpclient.HttpClient.log", "requests");
        LOG.setUseParentHandlers(false);
        LOG.addHandler(new Handler() {
            @Override
            public void publish(LogRecord said) {
                if (said.getMessage().startsWith("REQUEST: ")) COUNT.incrementAndGet();
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
    }

    static long now() {
        return COUNT.get();
    }
}
