package dev.starling.ca.issuance;

import dev.starling.acme.Problem;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Order;
import dev.starling.ca.store.Receipt;
import dev.starling.ca.store.Session;
import dev.starling.identity.DeviceId;
import dev.starling.identity.log.LogEntry;
import java.time.Duration;

/// What whoever signs believes of the store.
public interface Proofs {
    /// The way of which a mail is kept that proves it.
    String REPLY = "email-reply-00";

    Duration WEEK = Duration.ofDays(7);

    /// In one process with all the rest nobody could be asked who knows more: what the store says is so.
    ///
    /// @param perWeek certificates for an address
    record Stored(int perWeek) implements Proofs {
        @Override
        public Proven proven(Session session, Order order, Authorization proof, byte[] csr, long now) throws Problem {
            if (proof.validated() == 0 || !proof.value().equals(order.value()))
                throw new Problem("unauthorized", 403, "it is not proven");
            // Finer than the challenge: who vouched for a reply.
            String way = session.receipts()
                    .of(proof.id())
                    .map(Receipt::way)
                    .filter(each -> each.startsWith(proof.proof()))
                    .orElse(proof.proof());
            return new Proven(way, evidence(session, proof));
        }

        @Override
        public boolean believesStore() {
            return true;
        }
    }

    /// What the store has of it: a reply may have come, and then the code counted.
    static byte[] evidence(Session session, Authorization proof) {
        if (!proof.proof().equals(REPLY)) return LogEntry.noEvidence();
        return session.evidence()
                .of(proof.id())
                .map(reply -> DeviceId.sha256(reply.mail()))
                .orElseGet(LogEntry::noEvidence);
    }

    /// How a mailbox was proven.
    ///
    /// @param way the type of the challenge
    /// @param evidence SHA-256 of the mail that proves it; of a code [LogEntry#noEvidence]
    record Proven(String way, byte[] evidence) {}

    /// How the mailbox was proven.
    ///
    /// @param csr what is to be certified, DER
    /// @param now Unix seconds
    /// @throws Problem it was not, or not for whoever asks
    Proven proven(Session session, Order order, Authorization proof, byte[] csr, long now) throws Problem;

    /// How many certificates an address may have within a week.
    int perWeek();

    /// Refuses what would be one certificate too many, however many orders there are. One that the order has already
    /// is not counted.
    default void checkLimits(Session session, Order order, long now) throws Problem {
        if (session.certificates().since(order.value(), now - WEEK.toSeconds(), order.serial()) >= perWeek())
            throw Problem.rateLimited("Too many certificates were issued for this address within a week.", WEEK);
    }

    /// Whether what the store says is so: that a promise is this CA's, that what is called signed is signed, that
    /// what is called logged is in the log.
    boolean believesStore();
}
