package dev.starling.phone;

import dev.starling.agent.UserAgent;
import dev.starling.sip.dialog.Dialog;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.SipException;
import java.util.Optional;
import java.util.function.Consumer;

/// One call between a phone and a device: two dialogs and the sound between them (a back-to-back user agent, RFC 7092,
/// section 3.2). What ends one of the three ends all.
final class PhoneCall {
    private static final System.Logger LOG = System.getLogger("starling.phone");

    private final UserAgent ua;
    private final Handset handset;
    private final Sound.Bridge bridge;
    private final Consumer<PhoneCall> ended;
    private Optional<Dialog> toDevice = Optional.empty();
    private Optional<Dialog> toPhone = Optional.empty();
    private boolean over;

    /// @param ended hears of its end, once
    PhoneCall(UserAgent ua, Handset handset, Sound.Bridge bridge, Consumer<PhoneCall> ended) {
        this.ua = ua;
        this.handset = handset;
        this.bridge = bridge;
        this.ended = ended;
        bridge.onEnd(why -> {
            LOG.log(System.Logger.Level.INFO, () -> "sound ended: " + why);
            end();
        });
    }

    Handset handset() {
        return handset;
    }

    Sound.Bridge bridge() {
        return bridge;
    }

    /// From now on BYE goes there. False: the call is over already, and that dialog was ended.
    boolean withDevice(Dialog dialog) {
        synchronized (this) {
            toDevice = Optional.of(dialog);
            if (!over) return true;
        }
        bye(Optional.of(dialog), Optional.empty());
        return false;
    }

    boolean withPhone(Dialog dialog) {
        synchronized (this) {
            toPhone = Optional.of(dialog);
            if (!over) return true;
        }
        bye(Optional.empty(), Optional.of(dialog));
        return false;
    }

    synchronized boolean isOver() {
        return over;
    }

    synchronized boolean isWithDevice(DialogId id) {
        return toDevice.map(dialog -> dialog.id().equals(id)).orElse(false);
    }

    synchronized boolean isWithPhone(DialogId id) {
        return toPhone.map(dialog -> dialog.id().equals(id)).orElse(false);
    }

    /// The device hung up.
    void deviceLeft() {
        synchronized (this) {
            toDevice = Optional.empty();
        }
        end();
    }

    void phoneLeft() {
        synchronized (this) {
            toPhone = Optional.empty();
        }
        end();
    }

    /// Ends what there is of it.
    void end() {
        Optional<Dialog> device, phone;
        synchronized (this) {
            if (over) return;
            over = true;
            device = toDevice;
            phone = toPhone;
        }
        bridge.close();
        bye(device, phone);
        ended.accept(this);
    }

    private void bye(Optional<Dialog> device, Optional<Dialog> phone) {
        try {
            if (device.isPresent()) ua.send(device.get().request("BYE"), _ -> {});
            if (phone.isPresent()) {
                var _ = handset.send(phone.get().request("BYE").request(), _ -> {});
            }
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "BYE: " + e.reason());
        }
    }
}
