package dev.starling.agent;

import dev.starling.sip.message.SipException;
import dev.starling.sip.transaction.TransactionLayer;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;

/// Keeps a device registered at its peer (RFC 3261, section 10), and tells the peer whom its person lets through.
final class Registering {
    private static final System.Logger LOG = System.getLogger("starling.agent");
    private static final Duration AGAIN = Duration.ofMinutes(20), SOON = Duration.ofSeconds(5);
    private static final int SECONDS = 1800;

    private final UserAgent ua;
    private final OwnEntries entries;
    private final BooleanSupplier isWanted;
    private final Runnable registered;
    private final TransactionLayer.Timers timers;

    /// @param isWanted asked before each time
    /// @param registered runs whenever the peer took it
    Registering(
            UserAgent ua,
            OwnEntries entries,
            BooleanSupplier isWanted,
            Runnable registered,
            TransactionLayer.Timers timers) {
        this.ua = ua;
        this.entries = entries;
        this.isWanted = isWanted;
        this.registered = registered;
        this.timers = timers;
    }

    void register() {
        if (!isWanted.getAsBoolean()) return;
        var us = ua.us();
        String contact = "<sip:agent@" + us.id().hex().substring(0, 12)
                + ".invalid;transport=ws>;reg-id=1;+sip.instance=\"<" + us.id().instance() + ">\";expires=" + SECONDS;
        try {
            ua.send(
                    ua.toHome("REGISTER").with("Contact", contact).with("Supported", "path, outbound, gruu"),
                    List.of(),
                    this::answered);
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }

    private void answered(UserAgent.Answer answer) {
        if (answer.status() < 200) return;
        boolean ok = answer.status() == 200;
        if (!ok)
            LOG.log(
                    System.Logger.Level.WARNING,
                    ua.us().address() + " is not registered here: "
                            + answer.message().reason());
        var _ = timers.after(ok ? AGAIN : SOON, this::register);
        if (!ok) return;
        publishConsent();
        registered.run();
    }

    void publishConsent() {
        try {
            var publish =
                    ua.toHome("PUBLISH").with("Event", "starling-consent").body("application/cbor", entries.consent());
            ua.send(publish, List.of(), answer -> {
                if (answer.status() >= 300)
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "consent is not taken: " + answer.message().reason());
            });
        } catch (SipException e) {
            throw new IllegalStateException(e);
        }
    }
}
