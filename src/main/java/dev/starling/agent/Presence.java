package dev.starling.agent;

import dev.starling.identity.DeviceId;
import dev.starling.identity.passport.Token;
import dev.starling.sip.message.SipException;
import dev.starling.sip.transaction.TransactionLayer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Says, signed, that a device is here, again before the signature ends (RFC 3856, RFC 3903; docs/protocols/sip.md,
/// section 5).
final class Presence implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.agent");
    private static final int EXPIRES_SECONDS = 1200;
    private static final Duration AGAIN = Duration.ofMinutes(16);

    private final UserAgent ua;
    private final TransactionLayer.Timers timers;
    private final Clock clock;
    private boolean said, closed;
    private Runnable stop = () -> {};

    Presence(UserAgent ua, TransactionLayer.Timers timers, Clock clock) {
        this.ua = ua;
        this.timers = timers;
        this.clock = clock;
    }

    synchronized void say(boolean open) {
        stop.run();
        if (closed || (!open && !said)) return;
        said = open;
        try {
            publish(open);
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
        if (open) stop = timers.after(AGAIN, () -> say(true));
    }

    private void publish(boolean open) throws SipException {
        var us = ua.us();
        byte[] body = document(open).getBytes(StandardCharsets.UTF_8);
        long now = clock.instant().getEpochSecond();
        Map<String, Object> claims = Map.of(
                "dig",
                Token.b64u(DeviceId.sha256(body)),
                "iat",
                now,
                "exp",
                now + EXPIRES_SECONDS,
                "orig",
                Map.of("uri", us.gruu()));
        var publish = ua.toHome("PUBLISH")
                .with("Event", "presence")
                .with("Expires", String.valueOf(open ? EXPIRES_SECONDS : 0))
                .with("Starling-Signature", Token.sign(us.device(), Token.PRESENCE, "", claims))
                .body("application/pidf+xml", body);
        ua.send(publish, List.of(), answer -> {
            if (answer.status() >= 300)
                LOG.log(
                        System.Logger.Level.DEBUG,
                        () -> "presence is not taken: " + answer.message().reason());
        });
    }

    // RFC 3863, as clients write and read it.
    private String document(boolean open) {
        var us = ua.us();
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"pres:"
                + us.address().text().replaceAll("[<>&\"]", "")
                + "\"><tuple id=\"d"
                + us.id().hex().substring(0, 16)
                + "\"><status><basic>"
                + (open ? "open" : "closed")
                + "</basic></status><note></note></tuple></presence>";
    }

    @Override
    public synchronized void close() {
        closed = true;
        stop.run();
    }
}
