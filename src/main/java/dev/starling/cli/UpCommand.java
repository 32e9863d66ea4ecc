package dev.starling.cli;

import dev.starling.dht.DhtException;
import dev.starling.gate.AboutPage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `starling up`: everything on this machine, in local mode.
@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        description =
                "Starts everything on this machine for trying it out: server, store, CA with a test mailbox, web app.")
final class UpCommand implements Callable<Integer> {
    @Mixin
    PeerOptions options = new PeerOptions();

    @Option(
            names = "--anchor",
            description = "File of CAs to believe beside the test CA: PEM, with lines above that say for what.")
    List<Path> anchors = new ArrayList<>();

    @Mixin
    DhtOptions dht = new DhtOptions();

    @Mixin
    RelayOptions relay = new RelayOptions();

    @Mixin
    LogOptions log = new LogOptions();

    @Mixin
    PhoneOptions phones = new PhoneOptions();

    @Mixin
    ClassicOptions classic = new ClassicOptions();

    @Override
    public Integer call() throws IOException, DhtException, InterruptedException {
        log.apply();
        int port = options.port == 0 ? PeerOptions.USUAL_PORT : options.port;
        int sipPort = options.sipPort == 0 ? port + PeerOptions.SIP_PORT : options.sipPort;
        var config = new Peer.Config(
                options.folder("local"),
                Place.at("127.0.0.1", port, sipPort),
                true,
                "local",
                dht.choice(port, "local"),
                options.joinToken(),
                PeerOptions.anchors(anchors),
                "",
                true,
                options.peers,
                options.dns(),
                relay.choice(port),
                AboutPage.Operator.UNKNOWN,
                Optional.empty(),
                phones.choice(port),
                classic.choice(port),
                PeerOptions.client());
        var peer = new Peer(config, new Parts());
        System.out.println("Test mode: addresses are proven by a mailbox page on this computer only.");
        return PeerOptions.serve(peer, "ready " + peer.base());
    }
}
