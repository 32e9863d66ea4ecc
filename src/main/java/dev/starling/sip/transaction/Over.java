package dev.starling.sip.transaction;

import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Flow;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What is left of a transaction other than INVITE when its last word has been said: enough to answer copies of the
/// request (RFC 3261, section 17.2.2, `Completed`), or to take copies of the answer in silence (section 17.1.2). These
/// lie there for 5 or 32 seconds, by the ten thousand, so it is small: no request, no flow, no user.
final class Over implements Answering, Awaiting, Runnable {
    final TransactionLayer.Key key;
    private final Consumer<Over> forgotten;
    private @Nullable Runnable off;

    /// Of the flow.
    final String flow;

    /// The answer, on the side that gave one.
    final byte @Nullable [] last;

    /// @param forgotten hears of its end
    Over(TransactionLayer.Key key, Flow flow, byte @Nullable [] last, Consumer<Over> forgotten) {
        this.forgotten = forgotten;
        this.key = key;
        this.flow = flow.id();
        this.last = last;
    }

    /// Waits for copies for so long, then is forgotten.
    void keep(TransactionLayer.Timers timers, Duration copies) {
        off = timers.brief(copies, this);
    }

    /// Its time is over.
    @Override
    public void run() {
        forgotten.accept(this);
    }

    /// Takes the timer back.
    void disarm() {
        if (off != null) off.run();
    }

    int length() {
        return last == null ? 0 : last.length;
    }

    /// Over the flow that the copy came by: for UDP another object, between the same addresses.
    @Override
    public void again(Flow over, boolean ack) {
        if (last != null) over.send(last);
    }

    @Override
    public void received(SipMessage response) {}
}
