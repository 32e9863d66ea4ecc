package dev.starling.cli;

import dev.starling.identity.Anchor;
import dev.starling.identity.DeviceId;
import dev.starling.identity.log.NoteKey;
import dev.starling.web.Response;
import dev.starling.web.Routes;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// `GET /peer.json`: what a peer says about itself (docs/protocols/sip.md, section 1).
///
/// @param anchors with that of a CA in this process
/// @param witness the key with which it cosigns heads of logs; empty when it knows none
record PeerDescription(Peer.Config config, DeviceId id, List<Anchor> anchors, Optional<NoteKey> witness) {
    void mount(Routes routes, Clock clock) {
        String head = head();
        routes.get("/peer.json", _ -> Response.json(200, head + clock.millis() + "}"));
        // A part of the app that this server hands out. A test CA is believed by other rules.
        String shipped = config.anchors().stream().map(Anchor::text).collect(Collectors.joining("\n"));
        byte[] pem = (config.local() ? "" : shipped).getBytes(StandardCharsets.UTF_8);
        routes.get(
                "/web/anchors.pem",
                _ -> Response.of(200, "text/plain; charset=utf-8", pem).with("cache-control", "no-cache"));
    }

    // Everything but the time, which stands last.
    private String head() {
        String base = config.base();
        return "{\"version\":1,\"id\":\"" + id + "\",\"uri\":\"" + id.peerUri() + "\",\"network\":\"" + config.network()
                + "\",\"local\":" + config.local() + ",\"sip\":\"sip:"
                + config.place().name() + ":"
                + config.place().sipPort()
                + ";transport=tls\",\"ws\":\"" + base.replaceFirst("^http", "ws") + "/sip\",\"base\":\"" + base
                + "/\",\"ca\":" + ca() + ",\"anchors\":[" + listedAnchors() + "],\"peers\":["
                + config.peers().stream().map(Response::quote).collect(Collectors.joining(",")) + "]" + lines()
                + witnessing()
                + ",\"time\":";
    }

    /// Whose people may call ordinary SIP domains from their browsers.
    private String lines() {
        var domains = config.classic().map(ClassicOptions.Choice::browsers).orElse(Set.of());
        return domains.isEmpty()
                ? ""
                : ",\"classic\":[" + domains.stream().map(Response::quote).collect(Collectors.joining(",")) + "]";
    }

    private String witnessing() {
        return witness.map(key -> ",\"witness\":{\"url\":" + Response.quote(config.base() + PeerWitness.PREFIX)
                        + ",\"key\":" + Response.quote(key.text()) + "}")
                .orElse("");
    }

    private String ca() {
        String directory = config.caDirectory().isEmpty() ? config.base() + "/acme/directory" : config.caDirectory();
        String mailbox = config.local()
                ? ",\"mailbox\":" + Response.quote(directory.replace("/acme/directory", "/mailbox/"))
                : "";
        return "{\"directory\":" + Response.quote(directory) + mailbox + "}";
    }

    private String listedAnchors() {
        return config.local() ? anchors.stream().map(PeerInfo::anchor).collect(Collectors.joining(",")) : "";
    }
}
