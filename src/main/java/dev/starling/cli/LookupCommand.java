package dev.starling.cli;

import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.IdentityException;
import dev.starling.locate.LocationService;
import dev.starling.web.Response;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `starling lookup`: what the DHT says about an address, whether it verifies, and why not.
@Command(
        name = "lookup",
        mixinStandardHelpOptions = true,
        description = "Shows what the DHT says about an address, whether it verifies, and why not.")
final class LookupCommand implements Callable<Integer> {
    @Parameters(description = "An e-mail address.")
    String address = "";

    @Option(
            names = "--server",
            defaultValue = "http://127.0.0.1:8787/",
            description = "Server to ask (default ${DEFAULT-VALUE}).")
    String server = "";

    @Option(
            names = "--anchor",
            description = "PEM file of a CA to believe; in local mode the server's test CA is believed.")
    List<Path> anchors = new ArrayList<>();

    @Option(names = "--json", description = "Machine-readable output.")
    boolean json;

    @Override
    public Integer call() throws IOException, DhtException {
        try (var at = Looking.through(
                PeerOptions.url(server).orElseThrow(), PeerOptions.anchors(anchors), Clock.systemUTC())) {
            return show(at.service().find(Address.parse(address)));
        } catch (IdentityException e) {
            throw new IOException("Not an address: " + e.reason(), e);
        }
    }

    private int show(LocationService.Lookup lookup) {
        if (json) System.out.println(json(lookup));
        else print(lookup);
        return switch (lookup) {
            case LocationService.Found _ -> 0;
            case LocationService.Absent _ -> 2;
            case LocationService.Forged _ -> 3;
        };
    }

    private static void print(LocationService.Lookup lookup) {
        switch (lookup) {
            case LocationService.Found found -> {
                System.out.println(
                        found.address() + " is known, with " + found.devices().size() + " device(s):");
                for (var device : found.devices().values()) {
                    System.out.println("  " + device.id() + (device.name().isEmpty() ? "" : "  " + device.name())
                            + (device.listed() ? "" : "  NOT LISTED by the owner's devices: nothing is sent to it")
                            + (device.revoked() ? "  REVOKED: nothing is sent to it" : ""));
                    device.certificate()
                            .ifPresent(c ->
                                    System.out.println("    certificate: " + c.level() + ", until " + c.notAfter()));
                    device.location()
                            .ifPresent(l -> l.peers()
                                    .forEach(p -> System.out.println("    at " + p.uri() + ", key " + p.id())));
                }
            }
            case LocationService.Absent _ -> System.out.println("Nothing is known about this address.");
            case LocationService.Forged _ -> System.out.println("Something lies there, but nothing that verifies:");
        }
        for (var seen : lookup.seen())
            System.out.println("  " + seen.kind() + ": " + (seen.verdict().equals("ok") ? "verified, " : "refused, ")
                    + seen.detail());
    }

    private static String json(LocationService.Lookup lookup) {
        var devices = new ArrayList<String>();
        if (lookup instanceof LocationService.Found found)
            for (var d : found.devices().values())
                devices.add("{\"id\":\"" + d.id() + "\",\"name\":" + Response.quote(d.name()) + ",\"listed\":"
                        + d.listed() + ",\"revoked\":" + d.revoked() + ",\"level\":"
                        + Response.quote(d.certificate()
                                .map(CertificateVerifier.Verified::level)
                                .orElse("")) + ",\"peers\":["
                        + String.join(
                                ",",
                                d.location()
                                        .map(l -> l.peers().stream()
                                                .map(p -> Response.quote(p.uri()))
                                                .toList())
                                        .orElse(List.of()))
                        + "]}");
        var seen = lookup.seen().stream()
                .map(s -> "{\"kind\":\"" + s.kind() + "\",\"verdict\":" + Response.quote(s.verdict()) + "}")
                .toList();
        String outcome = switch (lookup) {
            case LocationService.Found _ -> "found";
            case LocationService.Absent _ -> "absent";
            case LocationService.Forged _ -> "forged";
        };
        return "{\"outcome\":\"" + outcome + "\",\"devices\":[" + String.join(",", devices) + "],\"seen\":["
                + String.join(",", seen) + "]}";
    }
}
