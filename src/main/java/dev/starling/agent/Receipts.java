package dev.starling.agent;

import dev.starling.cms.Content;
import dev.starling.dht.DhtException;
import dev.starling.identity.Address;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/// Tells senders that what they wrote was shown here. Who is away when it was is told later: what is owed is kept.
final class Receipts {
    private static final System.Logger LOG = System.getLogger("starling.agent");

    private final Post post;
    private final Acquaintances acquaintances;
    private final AgentStore store;
    private final Clock clock;
    private final ReentrantLock turn = new ReentrantLock();

    Receipts(Post post, Acquaintances acquaintances, AgentStore store, Clock clock) {
        this.post = post;
        this.acquaintances = acquaintances;
        this.store = store;
        this.clock = clock;
    }

    /// A message of that sender was shown, now or before.
    void owe(Address sender, byte[] message) throws IOException {
        store.owe(sender, message, clock.instant().toEpochMilli());
        Thread.ofVirtual().name("receipt").start(() -> pay(sender));
    }

    /// All that is owed to anybody, once more.
    void payAll() {
        Thread.ofVirtual().name("receipts").start(() -> {
            try {
                for (Address each : store.owers()) pay(each);
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "what is owed cannot be read", e);
            }
        });
    }

    private void pay(Address sender) {
        turn.lock();
        try {
            List<byte[]> owed = store.owed(sender);
            if (owed.isEmpty()) return;
            var sent = post.send(
                    sender,
                    acquaintances.devices(sender),
                    new Content.Receipt(owed, 1),
                    acquaintances.tokenFor(sender));
            if (!sent.taken().isEmpty()) store.paid(sender, owed);
        } catch (DhtException | IOException e) {
            LOG.log(System.Logger.Level.INFO, () -> "a receipt is not sent yet: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            turn.unlock();
        }
    }
}
