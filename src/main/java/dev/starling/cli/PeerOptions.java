package dev.starling.cli;

import dev.starling.identity.Anchor;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/// What `up` and `peer` share.
class PeerOptions {
    @Option(names = "--data", description = "Folder for keys and data (default: the user's data folder).")
    Optional<Path> data = Optional.empty();

    static final int USUAL_PORT = 8787, SIP_PORT = 1000;

    @Option(
            names = "--port",
            defaultValue = "0",
            description = "HTTP port (default: " + USUAL_PORT + "; with --domain 443).")
    int port;

    @Option(
            names = "--sip-port",
            defaultValue = "0",
            description = "Port for other servers, SIP over TLS (default: HTTP port + 1000; with --domain 5061).")
    int sipPort;

    @Option(
            names = "--join-token",
            defaultValue = "",
            description = "Secret of those who share a store; better in the variable STARLING_JOIN_TOKEN.")
    String joinToken = "";

    @Option(
            names = "--join-token-file",
            paramLabel = "FILE",
            description = "The same secret, in a file that nobody else may read.")
    Optional<Path> joinTokenFile = Optional.empty();

    @Option(names = "--peer", description = "Base URL of another server to recommend to clients; may be repeated.")
    List<String> peers = new ArrayList<>();

    @Option(
            names = "--dns",
            defaultValue = "",
            paramLabel = "HOST[:PORT]",
            description = "DNS server to ask where the servers of a domain are (default: those of this system).")
    String dns = "";

    Optional<String> dns() throws IOException {
        if (!dns.matches("|[A-Za-z0-9.-]+(:[0-9]{1,5})?|\\[[0-9A-Fa-f:.]+](:[0-9]{1,5})?"))
            throw new IOException("not host:port: " + dns);
        return dns.isEmpty() ? Optional.empty() : Optional.of(dns);
    }

    Path folder(String name) {
        return data.orElseGet(() -> usualFolder(name));
    }

    static Path usualFolder(String name) {
        String home = System.getenv("XDG_DATA_HOME");
        Path base = home == null || home.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".local", "share")
                : Path.of(home);
        return base.resolve("starling").resolve(name);
    }

    String joinToken() throws IOException {
        if (joinTokenFile.isPresent()) return SecretFile.read(joinTokenFile.get());
        String inherited = System.getenv("STARLING_JOIN_TOKEN");
        return joinToken.isEmpty() && inherited != null ? inherited : joinToken;
    }

    static Path client() {
        String folder = System.getProperty("starling.client", "client");
        return Path.of(folder).toAbsolutePath();
    }

    static List<Anchor> anchors(List<Path> files) throws IOException {
        var anchors = new ArrayList<Anchor>();
        for (Path file : files) anchors.addAll(PeerInfo.anchors(Files.readString(file), file.toString()));
        return anchors;
    }

    static Optional<URI> url(String text) throws IOException {
        if (text.isEmpty()) return Optional.empty();
        try {
            URI uri = URI.create(text.endsWith("/") ? text : text + "/");
            if (uri.getHost() != null) return Optional.of(uri);
        } catch (IllegalArgumentException e) {
            throw new IOException("not a URL: " + text, e);
        }
        throw new IOException("not a URL: " + text);
    }

    /// Runs until the process is told to end.
    static int serve(Peer peer, String ready) throws InterruptedException {
        var end = new java.util.concurrent.CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            peer.close();
            end.countDown();
        }));
        System.out.println(ready);
        System.out.flush();
        end.await();
        return 0;
    }
}
