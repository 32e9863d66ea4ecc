package dev.starling.phone;

import dev.starling.classic.Stranger;
import dev.starling.media.Bridge;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/// One call out of an ordinary SIP domain that rings several phones and browsers of a person: the first that answers
/// has it, a decline is for all (RFC 3261, section 16.7), each with an early dialog of its own.
final class Fork {
    private static final System.Logger LOG = System.getLogger("starling.phone");
    private static final String ELSEWHERE = "SIP;cause=200;text=\"Call completed elsewhere\"",
            DECLINED = "SIP;cause=603;text=\"Declined elsewhere\"";

    private final Stranger stranger;
    private final Bridge bridge;
    private final TransactionLayer.Timers timers;
    private final List<Branch> branches = new ArrayList<>();
    private Optional<SipException> best = Optional.empty();
    private boolean isRinging, isOver;
    private List<String> reasons = List.of();
    private int waiting;

    /// @param bridge of the caller's sound; closed with the call
    Fork(Stranger stranger, Bridge bridge, TransactionLayer.Timers timers) {
        this.stranger = stranger;
        this.bridge = bridge;
        this.timers = timers;
    }

    /// One of those that ring.
    private final class Branch implements Caller {
        private final CallFromNeighbour caller;
        private Consumer<List<String>> cancel = _ -> {};

        Branch(CallFromNeighbour caller) {
            this.caller = caller;
        }

        @Override
        public SipMessage request() {
            return caller.request();
        }

        @Override
        public RequestReceived server() {
            return caller.server();
        }

        @Override
        public void onCancel(Consumer<List<String>> task) {
            Optional<List<String>> late;
            synchronized (Fork.this) {
                cancel = task;
                late = isOver ? Optional.of(reasons) : Optional.empty();
            }
            late.ifPresent(task);
        }

        void cancel(List<String> why) {
            Consumer<List<String>> task;
            synchronized (Fork.this) {
                task = cancel;
            }
            task.accept(why);
        }

        @Override
        public void ringing() throws SipException {
            synchronized (Fork.this) {
                if (isRinging || isOver) return;
                isRinging = true;
            }
            caller.ringing();
        }

        @Override
        public SipMessage answer(int status, String reason, UnaryOperator<Edit> more) throws SipException {
            if (!end(List.of(ELSEWHERE))) throw new SipException(487, "Answered elsewhere");
            cancelOthers(this, List.of(ELSEWHERE));
            return caller.answer(status, reason, more);
        }

        @Override
        public void refuse(int status, String reason) throws SipException {
            SipException why;
            synchronized (Fork.this) {
                waiting--;
                if (isOver) return;
                var said = new SipException(status, reason);
                if (best.isEmpty() || weight(said) > weight(best.get())) best = Optional.of(said);
                if (waiting > 0 && status < 600) return;
                isOver = true;
                reasons = List.of(DECLINED);
                why = best.get();
            }
            cancelOthers(this, List.of(DECLINED));
            bridge.close();
            caller.refuse(why.status(), why.reason());
        }
    }

    /// What is said when each of them said something else: the word of the person, then what tells most.
    private static int weight(SipException why) {
        return switch (why.status()) {
            case 603 -> 4;
            case 486 -> 3;
            case 480, 408 -> 2;
            case 403 -> 1;
            default -> why.status() >= 600 ? 4 : 0;
        };
    }

    private synchronized boolean end(List<String> why) {
        if (isOver) return false;
        isOver = true;
        reasons = why;
        return true;
    }

    /// Those that do not ring yet hear of it when they begin to.
    private void cancelOthers(Branch but, List<String> why) {
        for (Branch each : branches) if (each != but) each.cancel(why);
    }

    /// Rings them all; throws when it can ring none.
    void ring(List<Callee> callees) throws SipException {
        var shared = new SharedBridge(bridge);
        var starting = new ArrayList<CallToPhone>();
        SipException why = new SipException(480, "Not here");
        for (Callee each : callees) {
            try {
                starting.add(branch(each, shared));
            } catch (SipException e) {
                why = e;
            }
        }
        if (starting.isEmpty()) {
            bridge.close();
            throw why;
        }
        synchronized (this) {
            waiting = starting.size();
        }
        // The caller may have given up while they were looked for: then nobody rings.
        stranger.server().onCancel(given -> cancelled(List.copyOf(given)));
        for (CallToPhone each : starting) each.ring();
    }

    private CallToPhone branch(Callee callee, SharedBridge shared) throws SipException {
        Neighbour neighbour = callee.neighbour(stranger.server().flow());
        PhoneCall call = callee.begin(shared.to(callee.handset()));
        var caller = new CallFromNeighbour(stranger.server(), neighbour, call, timers);
        callee.await(caller);
        var branch = new Branch(caller);
        branches.add(branch);
        return new CallToPhone(
                branch, neighbour, call, timers, new CallToPhone.Names(stranger.from(), callee.shown(), stranger.to()));
    }

    private void cancelled(List<String> given) {
        if (!end(given)) return;
        for (Branch each : branches) each.cancel(given);
        bridge.close();
        try {
            branches.getFirst().caller.refuse(487, "Request Terminated");
        } catch (SipException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "not answered: " + e.reason());
        }
    }
}
