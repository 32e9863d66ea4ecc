package dev.starling.phone;

import dev.starling.agent.LegMedia;
import dev.starling.media.Bridge;
import dev.starling.media.Leg;
import dev.starling.media.Phone;
import dev.starling.media.PhoneLeg;
import dev.starling.media.Reoffer;
import dev.starling.sip.message.SipException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The sound of a call that rings several phones and browsers: a leg to each of them, of which the one that answers is
/// kept.
final class SharedBridge {
    private final Bridge bridge;
    private final List<Consumer<String>> listeners = new ArrayList<>();

    SharedBridge(Bridge bridge) {
        this.bridge = bridge;
        bridge.onEnd(why -> {
            List<Consumer<String>> all;
            synchronized (this) {
                all = List.copyOf(listeners);
            }
            all.forEach(each -> each.accept(String.valueOf(why)));
        });
    }

    private synchronized void add(Consumer<String> listener) {
        listeners.add(listener);
    }

    /// The descriptions for one of them.
    Descriptions to(Handset handset) {
        return new One(handset);
    }

    private final class One implements Descriptions {
        private final Handset handset;
        private Optional<Leg> leg = Optional.empty();
        private boolean isKept;

        One(Handset handset) {
            this.handset = handset;
        }

        @Override
        public LegMedia toDevice() {
            throw new IllegalStateException("it is called, and calls nobody");
        }

        @Override
        public LegMedia toNeighbour(Phone server) {
            throw new IllegalStateException("it is called, and calls nobody");
        }

        @Override
        public byte[] kept(LegMedia other) {
            throw new IllegalStateException("it is called, and calls nobody");
        }

        /// To a phone over TLS with keys first (RFC 4568), and where it wants none of them in the clear.
        @Override
        public synchronized Optional<byte[]> toPhone() throws SipException {
            boolean again = leg.isPresent();
            boolean wasSecure = leg.map(each -> each instanceof PhoneLeg one && one.isSecure())
                    .orElse(false);
            if (again && !wasSecure) return Optional.empty();
            Leg next = Sound.of(() -> handset.isWeb()
                    ? bridge.newWebLeg()
                    : bridge.newPhoneLeg(new Phone("", handset.source(), handset.isSecure() && !again)));
            leg.ifPresent(Leg::close);
            leg = Optional.of(next);
            return Optional.of(Sound.of(next::offer));
        }

        @Override
        public synchronized byte[] answered(byte[] sdp) throws SipException {
            Leg answering = leg.orElseThrow();
            byte[] answer = Sound.of(() -> {
                answering.answered(sdp);
                bridge.keep(answering);
                return bridge.answer();
            });
            isKept = true;
            return answer;
        }

        @Override
        public Anew reoffered(boolean byPhone, byte[] sdp) throws SipException {
            return switch (Sound.of(() -> bridge.reoffer(byPhone ? bridge.callee() : bridge.caller(), sdp))) {
                case Reoffer.Answer(byte[] answer) -> new Anew.Answer(answer);
                case Reoffer.PassOn(var _, byte[] onward) -> new Anew.PassOn(onward);
            };
        }

        @Override
        public byte[] reanswered(byte[] sdp) throws SipException {
            return Sound.of(() -> bridge.reanswered(sdp));
        }

        @Override
        public void rejected() {
            bridge.rejected();
        }

        @Override
        public void onEnd(Consumer<String> listener) {
            add(listener);
        }

        @Override
        public void close() {
            boolean whole;
            Optional<Leg> own;
            synchronized (this) {
                whole = isKept;
                own = leg;
            }
            if (whole) bridge.close();
            else own.ifPresent(Leg::close);
        }
    }
}
