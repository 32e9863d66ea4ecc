package dev.starling.cli;

import dev.starling.dht.Dht;
import dev.starling.dht.DhtException;
import dev.starling.dht.remote.RemoteDht;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `starling doctor`: checks one thing after the other and says in plain words what is wrong.
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "Checks server, ports, store, CA, clock and your own record, and says what is wrong.")
final class DoctorCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    @Parameters(arity = "0..1", defaultValue = "", description = "Your address, to read back your own record.")
    String address = "";

    @Option(
            names = "--server",
            defaultValue = "http://127.0.0.1:8787/",
            description = "Server to check (default ${DEFAULT-VALUE}).")
    String server = "";

    private int wrong;

    private interface Check {
        String run() throws IOException, DhtException, InterruptedException;
    }

    @Override
    public Integer call() throws IOException {
        URI base = PeerOptions.url(server).orElseThrow();
        PeerInfo peer;
        try {
            peer = PeerInfo.fetch(base);
            System.out.println("ok    server       " + base + " answers, key "
                    + peer.id().substring(0, 16) + "…" + (peer.local() ? ", local mode" : ""));
        } catch (IOException e) {
            System.out.println("WRONG server       " + e.getMessage()
                    + ". Start one with ./starling, or name another with --server.");
            return 1;
        }
        check("sip port", () -> sipPort(base));
        check("store", () -> store(base));
        check("CA", () -> ca(peer));
        check("clock", () -> clock(base));
        if (!address.isEmpty()) check("own record", this::ownRecord);
        System.out.println(wrong == 0 ? "All is well." : wrong + " thing(s) to mend.");
        return wrong == 0 ? 0 : 1;
    }

    private void check(String name, Check check) {
        try {
            System.out.printf("ok    %-12s %s%n", name, check.run());
        } catch (IOException | DhtException e) {
            wrong++;
            System.out.printf("WRONG %-12s %s%n", name, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String sipPort(URI base) throws IOException, InterruptedException {
        String json = get(base.resolve("/peer.json")).body();
        var match = java.util.regex.Pattern.compile("\"sip\":\"sip:([^:\"]+):([0-9]+)")
                .matcher(json);
        if (!match.find()) throw new IOException("the server does not say where other servers reach it");
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(match.group(1), Integer.parseInt(match.group(2))), 3000);
            return "other servers reach it at " + match.group(1) + ":" + match.group(2);
        } catch (IOException e) {
            throw new IOException(
                    "nothing listens at " + match.group(1) + ":" + match.group(2)
                            + "; a firewall, or the server has just stopped",
                    e);
        }
    }

    private static String store(URI base) throws IOException, DhtException, InterruptedException {
        String health = get(base.resolve("/health")).body();
        if (!health.contains("\"dht\":\"ok\"")) {
            var why = java.util.regex.Pattern.compile("\"dht\":\"([^\"]*)\"").matcher(health);
            throw new IOException(why.find() ? why.group(1) : "the store does not say how it is: " + health);
        }
        try (var dht = new RemoteDht(base, (_, _, _) -> "")) {
            dht.lookup("0".repeat(40), Dht.Limits.USUAL, _ -> true);
        }
        return "look-ups work";
    }

    private static String ca(PeerInfo peer) throws IOException, InterruptedException {
        int status = get(URI.create(peer.caDirectory())).statusCode();
        if (status != 200) throw new IOException("the CA at " + peer.caDirectory() + " answers " + status);
        return "answers at " + peer.caDirectory();
    }

    private static String clock(URI base) throws IOException, InterruptedException {
        String date =
                get(base.resolve("/peer.json")).headers().firstValue("date").orElse("");
        Instant there =
                ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
        long seconds = Math.abs(Duration.between(there, Instant.now()).toSeconds());
        if (seconds > 60)
            throw new IOException("this computer's clock and the server's differ by " + seconds
                    + " s; signatures are refused beyond 60 s");
        return "differs from the server's by " + seconds + " s";
    }

    private String ownRecord() throws IOException, DhtException {
        var lookup = new LookupCommand();
        lookup.address = address;
        lookup.server = server;
        int code = lookup.call();
        if (code == 2)
            throw new IOException("nothing is published for " + address + "; is its browser tab open and online?");
        if (code != 0) throw new IOException("what lies there for " + address + " does not verify");
        return "read back and verified";
    }

    private static HttpResponse<String> get(URI uri) throws IOException, InterruptedException {
        try (var http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(PATIENCE)
                .build()) {
            return http.send(
                    HttpRequest.newBuilder(uri).timeout(PATIENCE).GET().build(), HttpResponse.BodyHandlers.ofString());
        } catch (java.net.ConnectException e) {
            throw new IOException("nothing answers at " + uri, e);
        }
    }
}
