package dev.starling.ca.issuance;

import dev.starling.acme.Problem;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Order;
import dev.starling.ca.store.Receipt;
import dev.starling.ca.store.Session;

/// What whoever signs believes of the store.
public interface Proofs {
    /// In one process with all the rest nobody could be asked who knows more: what the store says is so.
    Proofs STORED = new Proofs() {
        @Override
        public String way(Session session, Order order, Authorization proof, byte[] csr, long now) throws Problem {
            if (proof.validated() == 0 || !proof.value().equals(order.value()))
                throw new Problem("unauthorized", 403, "it is not proven");
            // Finer than the challenge: who vouched for a reply.
            return session.receipts()
                    .of(proof.id())
                    .map(Receipt::way)
                    .filter(way -> way.startsWith(proof.proof()))
                    .orElse(proof.proof());
        }

        @Override
        public boolean believesStore() {
            return true;
        }
    };

    /// The type of the challenge by which the mailbox was proven.
    ///
    /// @param csr what is to be certified, DER
    /// @param now Unix seconds
    /// @throws Problem it was not, or not for whoever asks
    String way(Session session, Order order, Authorization proof, byte[] csr, long now) throws Problem;

    /// Refuses what would be one certificate too many.
    default void checkLimits(Session session, Order order, long now) throws Problem {}

    /// Whether a certificate that the store calls signed is.
    boolean believesStore();
}
