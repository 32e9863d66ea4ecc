package dev.starling.cli;

import dev.starling.ca.registration.Limits;
import dev.starling.ca.store.CaStore;
import dev.starling.identity.Address;
import dev.starling.identity.IdentityException;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `starling ca limits`: why somebody is asked to wait.
@Command(
        name = "limits",
        mixinStandardHelpOptions = true,
        description =
                "Shows how much of each limit an address has used: mails within a day, certificates within a week.")
final class CaLimitsCommand implements Callable<Integer> {
    @Mixin
    CaTools.Place place = new CaTools.Place();

    @Parameters(paramLabel = "ADDRESS", description = "For example bob@example.net.")
    String address = "";

    @Option(names = "--limit", paramLabel = "NAME=N", description = "As the CA was started with.")
    Map<String, Integer> changed = Map.of();

    @Override
    public Integer call() throws IOException {
        String of;
        Limits limits = Limits.USUAL;
        try {
            of = Address.parse(address).text();
            for (var each : changed.entrySet()) limits = limits.with(each.getKey(), each.getValue());
        } catch (IdentityException e) {
            throw new IOException("Not an address: " + e.reason() + ".", e);
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
        long now = Clock.systemUTC().instant().getEpochSecond();
        Limits chosen = limits;
        try (CaStore store = place.open()) {
            for (Limits.Use each : store.in(session -> chosen.of(session, of, now)))
                System.out.printf(
                        "%-13s %6d of %d%s%n",
                        each.name(), each.used(), each.most(), each.used() >= each.most() ? "  (full)" : "");
            Optional<Long> until =
                    store.in(session -> session.silence().bounced(of)).filter(each -> each > now);
            until.ifPresent(each -> System.out.println(
                    "Its last mail came back; none goes there until " + Instant.ofEpochSecond(each) + "."));
        }
        return 0;
    }
}
