package dev.starling.cli;

import dev.starling.classic.ClassicEdge;
import dev.starling.phone.Neighbours;
import dev.starling.sip.locating.Dns;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.NeighbourTransport;
import dev.starling.sip.transport.PhoneTransport;
import dev.starling.sip.transport.Tap;
import dev.starling.sip.transport.TargetPolicy;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// Where ordinary SIP servers come in, and how they are reached.
final class ClassicDoor {
    private static final Duration DNS_PATIENCE = Duration.ofSeconds(2);
    private static final PhoneTransport.Limits LIMITS = new PhoneTransport.Limits(
            2_000,
            50,
            1_000,
            20,
            Duration.ofSeconds(30),
            Duration.ofSeconds(20),
            Duration.ofSeconds(20),
            Duration.ofMinutes(90));

    private ClassicDoor() {}

    static ClassicEdge open(
            Peer.Config config,
            ClassicOptions.Choice choice,
            Neighbours neighbours,
            TransactionLayer.Timers timers,
            Tap tap,
            Parts parts,
            Clock clock)
            throws IOException {
        var place = config.place();
        Optional<WebTls> tls = place.tls();
        if (choice.certificate().isPresent()) {
            var files = choice.certificate().get();
            tls = Optional.of(
                    parts.with(new TlsFiles(files.chain(), files.key())).tls());
        }
        var transport = parts.with(new PhoneTransport(
                new PhoneTransport.Listening(
                        List.of(place.listening()),
                        choice.port(),
                        tls.isPresent() ? OptionalInt.of(choice.tlsPort()) : OptionalInt.empty(),
                        config.local() ? Optional.empty() : Optional.of(place.name())),
                LIMITS,
                tls.map(each -> each::context),
                (_, _) -> Optional.empty(),
                tap,
                clock));
        TargetPolicy policy = policy(config, choice);
        SSLContext believing = believing(choice.anchors());
        var edge = new ClassicEdge(
                transport,
                receiver -> parts.with(new NeighbourTransport(transport, believing, policy, tap, receiver)),
                policy,
                new Dns(config.dns(), DNS_PATIENCE, clock),
                neighbours,
                timers,
                transport.offences(),
                clock);
        transport.start(edge);
        System.getLogger("starling.classic")
                .log(
                        System.Logger.Level.INFO,
                        "ordinary SIP servers reach this one at port " + choice.port() + ", UDP and TCP"
                                + (tls.isPresent() ? ", and over TLS at " + choice.tlsPort() : ""));
        return edge;
    }

    /// With whom we speak: in local mode this computer; else the internet without this host, and what the operator
    /// says.
    static TargetPolicy policy(Peer.Config config, ClassicOptions.Choice choice) throws IOException {
        if (config.local()) return TargetPolicy.LOOPBACK;
        // Of this host no port at all.
        var others = new RelayedPeers(Set.copyOf(config.place().seen()), 1, 0);
        return address -> choice.allowed().stream().anyMatch(each -> each.has(address))
                || others.allows(new InetSocketAddress(address, 0));
    }

    /// Believes these, or those of the web, for whatever name: names are looked at where connections are made.
    static SSLContext believing(List<Path> anchors) throws IOException {
        try {
            var trust = TrustManagerFactory.getInstance("PKIX");
            KeyStore store = null;
            if (!anchors.isEmpty()) {
                store = KeyStore.getInstance("PKCS12");
                store.load(null, null);
                for (Path file : anchors)
                    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
                        for (Certificate each :
                                CertificateFactory.getInstance("X.509").generateCertificates(in))
                            store.setCertificateEntry("ca" + store.size(), each);
                    }
                if (store.size() == 0) throw new IOException("no certificate in PEM form: " + anchors);
            }
            trust.init(store);
            var context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IOException("the CAs for ordinary SIP servers cannot be read: " + e.getMessage(), e);
        }
    }
}
