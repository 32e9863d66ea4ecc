package dev.starling.gate;

import dev.starling.web.Request;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import dev.starling.web.WebException;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;

/// `GET /metrics` for Prometheus, from this computer only. Counting is a few adders; the registry and the JVM's
/// own meters are made at the first request, so that starting costs nothing. No address, device or key is ever
/// a label.
public final class Metrics implements AutoCloseable {
    private static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";
    private static final int CLASSES = 6;

    private record Measure(String name, String description, DoubleSupplier value) {}

    private final List<Measure> measures = new ArrayList<>(), counters = new ArrayList<>();
    private final List<LongAdder> answers = new ArrayList<>();
    private final Map<DhtRoutes.Outcome, LongAdder> outcomes = new EnumMap<>(DhtRoutes.Outcome.class);
    private Optional<PrometheusMeterRegistry> registry = Optional.empty();
    private Optional<JvmGcMetrics> collections = Optional.empty();

    public Metrics() {
        for (int i = 0; i < CLASSES; i++) answers.add(new LongAdder());
        for (var outcome : DhtRoutes.Outcome.values()) outcomes.put(outcome, new LongAdder());
    }

    /// Something to be read off whenever somebody asks; all are named before the first request.
    public void gauge(String name, String description, DoubleSupplier value) {
        measures.add(new Measure(name, description, value));
    }

    /// The same for something that only grows.
    public void counter(String name, String description, DoubleSupplier value) {
        counters.add(new Measure(name, description, value));
    }

    /// Counts an HTTP answer.
    public void answered(int status) {
        answers.get(Math.clamp(status / 100, 0, CLASSES - 1)).increment();
    }

    /// Counts what became of a request to the DHT gateway.
    public void dht(DhtRoutes.Outcome outcome) {
        java.util.Objects.requireNonNull(outcomes.get(outcome)).increment();
    }

    public void mount(Routes routes) {
        routes.counting(this::answered).get("/metrics", this::scrape);
    }

    private Response scrape(Request request) throws WebException {
        // Behind a reverse proxy on this computer everybody comes from the loopback: such a request says so.
        boolean forwarded = request.header("forwarded")
                .or(() -> request.header("x-forwarded-for"))
                .isPresent();
        if (forwarded || !request.remote().isLoopbackAddress()) throw new WebException(403, "Only from this computer.");
        return Response.of(200, TYPE, registry().scrape().getBytes(StandardCharsets.UTF_8));
    }

    private synchronized PrometheusMeterRegistry registry() {
        if (registry.isEmpty()) registry = Optional.of(register());
        return registry.get();
    }

    private PrometheusMeterRegistry register() {
        var made = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        for (Measure each : measures)
            Gauge.builder(each.name, each.value::getAsDouble)
                    .description(each.description)
                    .register(made);
        for (Measure each : counters)
            FunctionCounter.builder(each.name, each.value, DoubleSupplier::getAsDouble)
                    .description(each.description)
                    .register(made);
        for (int i = 1; i < CLASSES; i++)
            FunctionCounter.builder("starling.http.answers", answers.get(i), LongAdder::doubleValue)
                    .description("HTTP answers by class of status")
                    .tag("status", i + "xx")
                    .register(made);
        outcomes.forEach(
                (outcome, count) -> FunctionCounter.builder("starling.dht.requests", count, LongAdder::doubleValue)
                        .description("Requests to the DHT gateway by what became of them")
                        .tag("outcome", outcome.name().toLowerCase(Locale.ROOT))
                        .register(made));
        new JvmMemoryMetrics().bindTo(made);
        new JvmThreadMetrics().bindTo(made);
        new ProcessorMetrics().bindTo(made);
        new UptimeMetrics().bindTo(made);
        var gc = new JvmGcMetrics();
        gc.bindTo(made);
        collections = Optional.of(gc);
        return made;
    }

    @Override
    public synchronized void close() {
        collections.ifPresent(JvmGcMetrics::close);
        registry.ifPresent(PrometheusMeterRegistry::close);
    }
}
