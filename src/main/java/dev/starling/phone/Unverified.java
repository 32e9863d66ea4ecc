package dev.starling.phone;

import dev.starling.agent.Agent;
import dev.starling.classic.ClassicEdge;
import dev.starling.classic.Stranger;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import dev.starling.sip.dialog.DialogId;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.util.Optional;
import java.util.function.Supplier;

/// What goes between one phone and ordinary SIP domains, under the downgrade rule: whoever was ever verified is neither
/// called nor heard so, and who calls is shown as not verified (docs/decisions/0029-classic-sip.md).
final class Unverified {
    /// In front of a caller's name, where a phone shows names.
    static final String SHOWN = "not verified: ";

    private final PhoneLine line;
    private final Supplier<Optional<ClassicEdge>> edge;
    private final TransactionLayer.Timers timers;
    private final NeighbourDialogs dialogs;

    Unverified(PhoneLine line, Supplier<Optional<ClassicEdge>> edge, TransactionLayer.Timers timers) {
        this.line = line;
        this.edge = edge;
        this.timers = timers;
        dialogs = new NeighbourDialogs(timers);
    }

    private Agent agent() {
        return line.agent();
    }

    /// The way there, if this phone may take it; 404 says why not.
    private ClassicEdge way(Address to) throws SipException {
        Optional<ClassicEdge> open = to.isPhone() ? Optional.empty() : edge.get();
        if (open.isEmpty()) throw new SipException(404, "Nobody with this address is known");
        if (!line.account().isClassic())
            throw new SipException(404, "Not known, and this phone may not call unverified");
        return open.get();
    }

    /// Rings somebody of whom nothing is known but the address.
    void dial(CallFromPhone from, Address to) throws SipException {
        new CallToNeighbour(
                        way(to), Speaker.of(agent()), from, to, line.account().user(), timers)
                .ring();
    }

    /// Passes a text on; the answer is theirs.
    void write(SipMessage request, RequestReceived server, Address to) throws SipException, InterruptedException {
        TextToNeighbour.send(way(to), Speaker.of(agent()), to, Texts.text(request));
        server.respond(Edit.response(request, 200, "OK", TransactionLayer.tag()).build());
    }

    /// The phone, for somebody unknown who calls or writes: only if this person lets strangers ring, and nobody who
    /// could have signed.
    Callee admits(Stranger stranger) throws SipException {
        if (agent().standing() != Agent.Standing.LISTED || !agent().admitsStranger(stranger.from())) throw refused();
        checkNeverVerified(stranger.from());
        Handset phone = line.handset().orElseThrow(() -> new SipException(480, "The phone is not there"));
        return new OfLine(phone, SHOWN + name(stranger));
    }

    /// What the caller says of himself, or else the part of his address before the `@`.
    static String name(Stranger stranger) {
        return stranger.name().isEmpty() ? stranger.from().text().split("@", 2)[0] : stranger.name();
    }

    private final class OfLine implements Callee {
        private final Handset handset;
        private final String shown;

        OfLine(Handset handset, String shown) {
            this.handset = handset;
            this.shown = shown;
        }

        @Override
        public Handset handset() {
            return handset;
        }

        @Override
        public String shown() {
            return shown;
        }

        @Override
        public PhoneCall begin(Descriptions descriptions) throws SipException {
            return line.begin(handset, descriptions);
        }

        @Override
        public void await(CallFromNeighbour caller) {
            dialogs.await(caller);
        }

        @Override
        public Neighbour neighbour(Flow flow) throws SipException {
            return Unverified.this.neighbour(flow);
        }
    }

    /// The same whether there is such a person or not.
    static SipException refused() {
        return new SipException(403, "Send a contact request");
    }

    private void checkNeverVerified(Address from) throws SipException {
        try {
            if (agent().whom(from) instanceof Agent.Nobody) return;
        } catch (DhtException e) {
            throw new SipException(503, "The directory does not answer", new SipException.Header("Retry-After", "10"));
        }
        throw new SipException(403, "Whoever has this address calls verified");
    }

    private Neighbour neighbour(Flow flow) throws SipException {
        ClassicEdge open = edge.get().orElseThrow(() -> new SipException(503, "Stopping"));
        return new Neighbour(open, flow, Speaker.of(agent()).user());
    }

    /// Within a call of this line.
    void within(PhoneCall call, SipMessage request, RequestReceived server) throws SipException {
        dialogs.within(call, neighbour(server.flow()), request, server);
    }

    void acknowledged(DialogId id, long cseq) {
        dialogs.acknowledged(id, cseq);
    }
}
