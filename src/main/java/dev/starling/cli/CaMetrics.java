package dev.starling.cli;

import dev.starling.ca.CertificateAuthority;
import dev.starling.ca.Standing;
import dev.starling.gate.Metrics;
import dev.starling.web.Routes;
import java.io.IOException;
import java.time.Duration;
import java.util.function.ToDoubleFunction;

/// `GET /metrics` of a CA: how it is doing, read from its store at most once for each time that somebody asks.
final class CaMetrics {
    private static final Duration SAME = Duration.ofSeconds(1);

    private final CertificateAuthority ca;
    private Standing last = new Standing(0, 0, 0, 0, 0, 0, false);
    private long read = System.nanoTime() - SAME.toNanos();

    private CaMetrics(CertificateAuthority ca) {
        this.ca = ca;
    }

    static void mount(CertificateAuthority ca, Routes routes) {
        var all = new CaMetrics(ca);
        var metrics = new Metrics();
        metrics.gauge("starling.ca.certificates", "Certificates ever made", () -> all.value(Standing::certificates));
        metrics.gauge("starling.ca.orders", "Orders that wait for somebody", () -> all.value(Standing::orders));
        metrics.gauge(
                "starling.ca.orders.making",
                "Orders whose certificate is being made; more than a few: no issuer is there",
                () -> all.value(Standing::making));
        metrics.gauge("starling.ca.mails", "Mails that wait to be handed over", () -> all.value(Standing::mails));
        metrics.gauge(
                "starling.ca.mails.troubled",
                "Mails that the mail server has not taken for minutes",
                () -> all.value(Standing::troubled));
        metrics.gauge("starling.ca.log.entries", "Entries of the log", () -> all.value(Standing::entries));
        metrics.gauge(
                "starling.ca.lists.good",
                "1 while the lists of withdrawn certificates are good",
                () -> all.value(each -> each.lists() ? 1 : 0));
        metrics.mount(routes);
    }

    // NaN is Prometheus's word for what is not known.
    private synchronized double value(ToDoubleFunction<Standing> of) {
        try {
            if (System.nanoTime() - read >= SAME.toNanos()) {
                last = ca.standing();
                read = System.nanoTime();
            }
            return of.applyAsDouble(last);
        } catch (IOException e) {
            return Double.NaN;
        }
    }
}
