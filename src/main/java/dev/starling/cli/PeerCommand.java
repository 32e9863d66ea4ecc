package dev.starling.cli;

import dev.starling.dht.DhtException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

    @Option(
            names = "--host",
            defaultValue = "127.0.0.1",
            description = "Address to listen on and to be reached at (default ${DEFAULT-VALUE}).")
    String host = "127.0.0.1";

    @Option(
            names = "--local",
            description = "Local mode: loopback only, certificates of a test CA are believed, under a visible banner.")
    boolean local;

    @Option(
            names = "--network",
            defaultValue = "",
            description = "Name of the network (default: starling; local in local mode).")
    String network = "";

    @Option(
            names = "--dht",
            defaultValue = "",
            description = "Base URL of another server whose store is used, with --join-token (default: an own store).")
    String dht = "";

    @Option(
            names = "--anchor",
            description = "File of CAs to believe: PEM, with lines above that say for what; may be repeated.")
    List<Path> anchors = new ArrayList<>();

    @Option(names = "--ca", defaultValue = "", description = "ACME directory URL to which clients are sent.")
    String ca = "";

    @Override
    public Integer call() throws IOException, DhtException, InterruptedException {
        if (local && !java.net.InetAddress.getByName(host).isLoopbackAddress())
            throw new IOException("Local mode listens on the loopback only.");
        var believed = new ArrayList<>(PeerOptions.anchors(anchors));
        String directory = ca;
        var store = PeerOptions.url(dht);
        if (local && store.isPresent()) {
            PeerInfo other = PeerInfo.fetch(store.get());
            if (other.local()) believed.addAll(other.anchors());
            if (directory.isEmpty()) directory = other.caDirectory();
        }
        if (believed.isEmpty()) throw new IOException("No CA is believed: name one with --anchor root.pem.");
        String name = network.isEmpty() ? local ? "local" : "starling" : network;
        var peer = new Peer(new Peer.Config(
                options.folder("peer"),
                host,
                options.port,
                options.sipPort(),
                local,
                name,
                store,
                options.joinToken(),
                believed,
                directory,
                false,
                options.peers,
                PeerOptions.client()));
        return PeerOptions.serve(peer, "ready " + peer.base());
    }
}
