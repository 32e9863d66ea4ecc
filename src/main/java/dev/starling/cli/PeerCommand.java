package dev.starling.cli;

import dev.starling.dht.DhtException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `starling peer`: the server alone.
@Command(
        name = "peer",
        mixinStandardHelpOptions = true,
        description = "Runs a server: registrar, proxy, presence, store or gateway to a store, web app.")
final class PeerCommand implements Callable<Integer> {
    @Mixin
    PeerOptions options = new PeerOptions();

    @Mixin
    PublicOptions reached = new PublicOptions();

    @Option(
            names = "--local",
            description = "Local mode: loopback only, certificates of a test CA are believed, under a visible banner.")
    boolean local;

    @Option(
            names = "--network",
            defaultValue = "",
            description = "Name of the network (default: starling; local in local mode).")
    String network = "";

    @Mixin
    DhtOptions dht = new DhtOptions();

    @Mixin
    RelayOptions relay = new RelayOptions();

    @Mixin
    HepOptions hep = new HepOptions();

    @Mixin
    PhoneOptions phones = new PhoneOptions();

    @Mixin
    ClassicOptions classic = new ClassicOptions();

    @Option(
            names = "--anchor",
            description = "File of CAs to believe: PEM, with lines above that say for what; may be repeated.")
    List<Path> anchors = new ArrayList<>();

    @Option(names = "--ca", defaultValue = "", description = "ACME directory URL to which clients are sent.")
    String ca = "";

    @Mixin
    OperatorOptions operator = new OperatorOptions();

    @Mixin
    LogOptions log = new LogOptions();

    @Option(
            names = ConfigFile.OPTION,
            paramLabel = "FILE",
            description = "Reads options from a file, a line of key = value for each; those given here count more.")
    Optional<Path> config = Optional.empty();

    @Override
    public Integer call() throws IOException, DhtException, InterruptedException {
        log.apply();
        if (config.isEmpty()) return run();
        if (!local && !reached.isPublic() && reached.host.isEmpty())
            throw new ConfigFile.Wrong(
                    config.get(),
                    0,
                    "under which name do people reach this server? Set domain, and anchor and ca, then start it again.");
        try {
            return run();
        } catch (IOException e) {
            throw ConfigFile.read(config.get()).located(e);
        }
    }

    private int run() throws IOException, DhtException, InterruptedException {
        if (local
                && (reached.isPublic()
                        || !java.net.InetAddress.getByName(reached.host()).isLoopbackAddress()))
            throw new IOException("Local mode listens on the loopback only.");
        int port = reached.port(options.port, PeerOptions.USUAL_PORT);
        int sipPort = reached.sipPort(options.sipPort, port);
        var believed = new ArrayList<>(PeerOptions.anchors(anchors));
        String directory = ca;
        String name = network.isEmpty() ? local ? "local" : "starling" : network;
        var store = dht.choice(port, name);
        var neighbour = neighbour(store);
        if (local && neighbour.isPresent() && (believed.isEmpty() || directory.isEmpty())) {
            PeerInfo other = PeerInfo.fetch(neighbour.get());
            if (other.local()) believed.addAll(other.anchors());
            if (directory.isEmpty()) directory = other.caDirectory();
        }
        if (believed.isEmpty()) throw new IOException("No CA is believed: name one with --anchor root.pem.");
        var parts = new Parts();
        var place = reached.place(port, sipPort, options.folder("peer"), parts, Clock.systemUTC());
        var described = new Peer.Config(
                options.folder("peer"),
                place,
                local,
                name,
                store,
                options.joinToken(),
                believed,
                directory,
                false,
                options.peers,
                options.dns(),
                reached.isPublic() ? relay.ofPublic() : relay.choice(port),
                operator.operator(),
                hep.config(),
                reached.isPublic() ? phones.ofPublic() : phones.choice(port),
                reached.isPublic() ? classic.ofPublic() : classic.choice(port),
                PeerOptions.client());
        var peer = new Peer(described, parts);
        return PeerOptions.serve(peer, "ready " + peer.base());
    }

    // In local mode the test CA of the server whose store is used, or else of the first one recommended, is ours too.
    private Optional<URI> neighbour(DhtChoice store) throws IOException {
        if (store instanceof DhtChoice.Remote(URI base)) return Optional.of(base);
        return options.peers.isEmpty() ? Optional.empty() : PeerOptions.url(options.peers.getFirst());
    }
}
