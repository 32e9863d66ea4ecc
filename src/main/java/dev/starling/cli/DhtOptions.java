package dev.starling.cli;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Optional;
import picocli.CommandLine.Option;

/// Which DHT a server uses.
final class DhtOptions {
    private static final String OPENDHT = "opendht";
    private static final int MAX_PROXIES = 16, NODE_PORT = 2000, PROXY_PORT = 3000;

    @Option(
            names = "--dht",
            defaultValue = "",
            paramLabel = "ENGINE",
            description = "Where records are stored: nothing for an own store; opendht for a network of OpenDHT nodes,"
                    + " through a dhtnode that is started here; opendht:URL[,URL…] the same through the REST proxies"
                    + " named; the base URL of another server for its store, with --join-token.")
    String dht = "";

    @Option(
            names = "--dht-network",
            defaultValue = "-1",
            paramLabel = "N",
            description = "With --dht opendht: number of the private network (default: made from --network).")
    int network = -1;

    @Option(
            names = "--dht-bootstrap",
            defaultValue = "",
            paramLabel = "HOST:PORT",
            description = "With --dht opendht: a node of that network to join (default: none, this is the first).")
    String bootstrap = "";

    @Option(
            names = "--dht-port",
            defaultValue = "0",
            description = "With --dht opendht: UDP port of the node (default: HTTP port + 2000).")
    int port;

    @Option(
            names = "--dht-proxy-port",
            defaultValue = "0",
            description = "With --dht opendht: port of its REST proxy, on the loopback (default: HTTP port + 3000).")
    int proxyPort;

    DhtChoice choice(int httpPort, String networkName) throws IOException {
        if (dht.isEmpty()) return new DhtChoice.Own();
        if (dht.equals(OPENDHT)) {
            if (!bootstrap.matches("|[A-Za-z0-9\\[][A-Za-z0-9.:\\[\\]-]*"))
                throw new IOException("not host:port: " + bootstrap);
            return new DhtChoice.Node(
                    port == 0 ? httpPort + NODE_PORT : port,
                    proxyPort == 0 ? httpPort + PROXY_PORT : proxyPort,
                    network < 0 ? DhtChoice.number(networkName) : network,
                    bootstrap.isEmpty() ? Optional.empty() : Optional.of(bootstrap));
        }
        if (!dht.startsWith(OPENDHT + ":"))
            return new DhtChoice.Remote(PeerOptions.url(dht).orElseThrow());
        var proxies = new ArrayList<URI>();
        for (String each : dht.substring(OPENDHT.length() + 1).split(",", MAX_PROXIES + 1))
            proxies.add(PeerOptions.url(each).orElseThrow(() -> new IOException("not a URL: \"\"")));
        if (proxies.size() > MAX_PROXIES) throw new IOException("at most " + MAX_PROXIES + " proxies");
        return new DhtChoice.Proxies(proxies);
    }
}
