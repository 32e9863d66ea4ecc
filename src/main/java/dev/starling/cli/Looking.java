package dev.starling.cli;

import dev.starling.dht.remote.RemoteDht;
import dev.starling.identity.Anchor;
import dev.starling.identity.CertificateVerifier;
import dev.starling.identity.CrlStore;
import dev.starling.identity.TrustAnchors;
import dev.starling.locate.LocationService;
import dev.starling.record.RecordOpener;
import dev.starling.record.SequenceMemory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/// What a command uses that looks up through a server.
///
/// @param local test certificates and private addresses count: a server in local mode, on this computer
record Looking(URI base, PeerInfo peer, boolean local, RemoteDht dht, CrlDownload download, LocationService service)
        implements AutoCloseable {
    private static final int MAX_SEQUENCES = 1000;

    /// @param anchors believed beside those of a server in local mode on this computer
    static Looking through(URI base, List<Anchor> anchors, Clock clock) throws IOException {
        PeerInfo peer = PeerInfo.fetch(base);
        boolean local = peer.local() && InetAddress.getByName(base.getHost()).isLoopbackAddress();
        var believed = new ArrayList<>(anchors);
        if (local) believed.addAll(peer.anchors());
        var dht = new RemoteDht(base, (_, _, _) -> "");
        var download = CrlDownload.of(local);
        // Here one waits for the lists of withdrawn certificates.
        var lists = new CrlStore(download, Runnable::run, clock);
        var verifier = new CertificateVerifier(TrustAnchors.limited(believed), local, lists);
        var opener = new RecordOpener(peer.network(), verifier, SequenceMemory.inMemory(MAX_SEQUENCES), clock);
        var service = new LocationService(dht, peer.network(), verifier, opener, clock, local);
        return new Looking(base, peer, local, dht, download, service);
    }

    @Override
    public void close() {
        dht.close();
        download.close();
    }
}
