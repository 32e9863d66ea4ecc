package dev.starling.dht.opendht;

import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/// Takes an answer as it arrives, piece by piece: the next piece is asked for with [#more], so that nothing piles up
/// with a reader who is slow. Its end is told once.
final class Reader implements HttpResponse.BodySubscriber<Void> {
    private final BiConsumer<Reader, List<ByteBuffer>> piece;
    private final Consumer<String> end;
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private Flow.@org.jspecify.annotations.Nullable Subscription subscription;
    private Runnable close = () -> {};
    private boolean ended;

    /// @param end told "" when the answer is whole, or why it is not
    Reader(BiConsumer<Reader, List<ByteBuffer>> piece, Consumer<String> end) {
        this.piece = piece;
        this.end = end;
    }

    @Override
    public CompletionStage<Void> getBody() {
        return done;
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        synchronized (this) {
            subscription = given;
            if (!ended) {
                given.request(1);
                return;
            }
        }
        given.cancel();
    }

    @Override
    public void onNext(List<ByteBuffer> pieces) {
        synchronized (this) {
            if (ended) return;
        }
        piece.accept(this, pieces);
    }

    @Override
    public void onError(Throwable failure) {
        end(Rest.why(failure));
    }

    @Override
    public void onComplete() {
        end("");
    }

    /// Asks for the next piece.
    synchronized void more() {
        if (subscription != null && !ended) subscription.request(1);
    }

    void onClose(Runnable how) {
        synchronized (this) {
            if (!ended) {
                close = how;
                return;
            }
        }
        how.run();
    }

    void end(String why) {
        if (finish(!why.isEmpty())) end.accept(why);
    }

    /// Reads no further; its end is not told.
    void close() {
        boolean _ = finish(true);
    }

    // What is whole leaves its connection to the next.
    private boolean finish(boolean cut) {
        Runnable how;
        synchronized (this) {
            if (ended) return false;
            ended = true;
            how = cut ? close : () -> {};
            if (cut && subscription != null) subscription.cancel();
        }
        boolean _ = done.complete(null);
        how.run();
        return true;
    }
}
