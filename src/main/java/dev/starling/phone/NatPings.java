package dev.starling.phone;

import dev.starling.sip.message.Edit;
import dev.starling.sip.transaction.Outgoing;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import dev.starling.sip.transport.FlowSource;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;

/// Keeps the way to phones behind a NAT open: an OPTIONS about every 25 seconds, which the phone answers from inside.
/// By UDP only; a connection has TCP's own. No transaction waits for the answer: one that is lost does not matter.
final class NatPings {
    private static final Duration EVERY = Duration.ofSeconds(25), SPREAD = Duration.ofSeconds(5);

    private final FlowSource flows;
    private final TransactionLayer.Timers timers;
    private final Function<Flow, Optional<Binding>> behindNat;

    /// Flows with a ping due. Each has one at most, so there are no more than bindings.
    private final Set<String> due = new HashSet<>();

    /// @param behindNat a phone that is registered over this flow now and needs pings
    NatPings(FlowSource flows, TransactionLayer.Timers timers, Function<Flow, Optional<Binding>> behindNat) {
        this.flows = flows;
        this.timers = timers;
        this.behindNat = behindNat;
    }

    void watch(Binding binding) {
        if (!binding.nat() || binding.flow().isReliable()) return;
        synchronized (due) {
            if (!due.add(binding.flow().id())) return;
        }
        later(binding.flow());
    }

    private void later(Flow flow) {
        long spread = ThreadLocalRandom.current().nextLong(-SPREAD.toMillis(), SPREAD.toMillis());
        var _ = timers.after(EVERY.plusMillis(spread), () -> ping(flow));
    }

    private void ping(Flow flow) {
        Optional<Binding> there = behindNat.apply(flow);
        if (there.isEmpty() || !flow.isOpen()) {
            synchronized (due) {
                due.remove(flow.id());
            }
            return;
        }
        String us = flows.sentBy(flow), contact = there.get().contact();
        flow.send(Edit.request("OPTIONS", contact)
                .add("Via", Outgoing.via(flow, us, TransactionLayer.branch()))
                .add("Max-Forwards", "70")
                .add("From", "<sip:" + us + ">;tag=" + TransactionLayer.tag())
                .add("To", "<" + contact + ">")
                .add("Call-ID", TransactionLayer.tag())
                .add("CSeq", "1 OPTIONS")
                .toBytes());
        later(flow);
    }
}
