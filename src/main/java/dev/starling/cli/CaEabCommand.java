package dev.starling.cli;

import dev.starling.ca.registration.ExternalAccounts;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.ExternalTable.External;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `starling ca eab`: who may have an account.
@Command(
        name = "eab",
        mixinStandardHelpOptions = true,
        description = {
            "Makes a key by which one person or program may make one account at the CA (external account binding, RFC 8555,"
                    + " section 7.3.4). It is shown this once. Without a name: shows which there are.",
            "Beside it the CA runs with --eab required, or --eab optional. On the computer that has the front's --data."
        })
final class CaEabCommand implements Callable<Integer> {
    @Mixin
    CaTools.Place place = new CaTools.Place();

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "For whom it is; only shown here.")
    Optional<String> label = Optional.empty();

    @Option(
            names = "--end",
            paramLabel = "ID",
            description = "Takes a key back; the account that was made with it ends, too.")
    Optional<String> end = Optional.empty();

    @Override
    public Integer call() throws IOException {
        if (label.isPresent() && end.isPresent()) throw new IOException("Either NAME or --end ID.");
        try (CaStore store = place.open()) {
            var externals = ExternalAccounts.open(place.folder(), store, Clock.systemUTC());
            if (end.isPresent()) {
                if (!externals.end(end.get())) throw new IOException("There is no key " + end.get() + ".");
                System.out.println("Taken back.");
            } else if (label.isPresent()) {
                var given = externals.give(label.get());
                System.out.println("key id   " + given.id());
                System.out.println("HMAC key " + given.mac());
                System.out.println("For one account. It is not shown again.");
            } else for (External each : externals.all()) System.out.println(line(each));
        }
        return 0;
    }

    private static String line(External each) {
        String state = each.ended() > 0
                ? "taken back " + Instant.ofEpochSecond(each.ended())
                : each.account().isEmpty() ? "not used yet" : "account " + each.account();
        return each.id() + "  " + Instant.ofEpochSecond(each.created()) + "  " + state + "  " + each.label();
    }
}
