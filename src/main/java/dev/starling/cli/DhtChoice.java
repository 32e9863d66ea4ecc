package dev.starling.cli;

import dev.starling.dht.opendht.DhtNode;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Optional;

/// Which engine a peer stores in.
sealed interface DhtChoice {
    /// A store of its own, in its process.
    record Own() implements DhtChoice {}

    /// The store of another peer.
    record Remote(URI base) implements DhtChoice {}

    /// A network of OpenDHT nodes, through these proxies.
    record Proxies(List<URI> bases) implements DhtChoice {
        public Proxies {
            bases = List.copyOf(bases);
        }
    }

    /// The same through a node of its own, which the peer runs.
    record Node(int port, int proxyPort, int network, Optional<String> bootstrap) implements DhtChoice {
        DhtNode.Config config(Path data) {
            return new DhtNode.Config(port, proxyPort, network, bootstrap, data.resolve("dhtnode.log"));
        }
    }

    /// The number by which OpenDHT's nodes keep our network apart from others: 31 bits of a hash of its name.
    static int number(String network) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(("starling/1 dht " + network).getBytes(StandardCharsets.UTF_8));
            return java.nio.ByteBuffer.wrap(hash).getInt() & Integer.MAX_VALUE;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
