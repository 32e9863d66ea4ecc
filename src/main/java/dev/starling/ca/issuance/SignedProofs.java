package dev.starling.ca.issuance;

import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Json;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.store.Account;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.Order;
import dev.starling.ca.store.Receipt;
import dev.starling.ca.store.Session;
import dev.starling.ca.validation.ProofCheck;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.identity.log.LogEntry;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/// Believes of the store only what is signed by others than those who write into it: that the mailbox was proven, by
/// whoever judges proofs; and that the holder of the account's key asked for this certificate, by that key.
public final class SignedProofs implements Proofs {
    // A reply is sealed when it comes, and its client may be ready a day later: the 90 days begin then.
    private static final Duration GOOD = Duration.ofDays(91), AHEAD = Duration.ofMinutes(10);

    private final ProofCheck judge;
    private final int perWeek;

    /// @param judge who says that a mailbox is proven
    /// @param perWeek certificates for an address
    public SignedProofs(ProofCheck judge, int perWeek) {
        this.judge = judge;
        this.perWeek = perWeek;
    }

    @Override
    public boolean believesStore() {
        return false;
    }

    @Override
    public Proven proven(Session session, Order order, Authorization proof, byte[] csr, long now) throws Problem {
        Receipt receipt = session.receipts()
                .of(order.authorization())
                .orElseThrow(() -> unproven("There is no signed proof of this mailbox."));
        if (!judge.hasSigned(receipt)) throw unproven("The proof of this mailbox is not genuine.");
        if (!receipt.address().equals(order.value()) || !receipt.address().equals(proof.value()))
            throw unproven("The proof is of another mailbox.");
        // Mail servers read more than an address out of some texts.
        if (!Address.isMailbox(order.value())) throw unproven("This is no mailbox.");
        // Its clock is ahead of ours: that passes.
        if (receipt.proven() > now + AHEAD.toSeconds())
            throw Problem.later("serverInternal", 503, "The clocks of this CA differ. Ask again.", AHEAD);
        if (receipt.proven() <= now - GOOD.toSeconds()) throw unproven("The proof of this mailbox is too old.");
        checkAsked(session, order, receipt, csr);
        return new Proven(receipt.way(), evidence(receipt));
    }

    @Override
    public int perWeek() {
        return perWeek;
    }

    private static byte[] evidence(Receipt receipt) throws Problem {
        if (receipt.evidence().isEmpty()) return LogEntry.noEvidence();
        if (!receipt.evidence().matches("[0-9a-f]{64}")) throw unproven("The proof of this mailbox is damaged.");
        return HexFormat.of().parseHex(receipt.evidence());
    }

    private static Problem unproven(String why) {
        return new Problem("unauthorized", 403, why + " Order again; a mail will come.");
    }

    private static void checkAsked(Session session, Order order, Receipt receipt, byte[] csr) throws Problem {
        if (receipt.holder().equals(Receipt.ofRequest(HexFormat.of().formatHex(DeviceId.sha256(csr))))) return;
        byte[] stored = session.receipts()
                .request(order.id())
                .orElseThrow(() -> unproven("Nobody who has proven this mailbox asked for this certificate."));
        Jws request = whole(() -> Jws.parse(stored));
        Account account = session.accounts()
                .byId(order.account())
                .orElseThrow(() -> unproven("The order is of no account that has proven this mailbox."));
        checkSigned(request, HeldKeys.of(session, account, receipt.holder()));
        if (!request.url().endsWith("/acme/finalize/" + order.id())
                || !Arrays.equals(whole(() -> Json.bytes(Json.text(request.json(), "csr"))), csr))
            throw unproven("The account asked for something else.");
    }

    private interface Reading<T> {
        T read() throws Problem;
    }

    // What was taken could be read then: it is damaged, or somebody else wrote it.
    private static <T> T whole(Reading<T> stored) throws Problem {
        try {
            return stored.read();
        } catch (Problem e) {
            throw unproven("The request for this certificate cannot be read any more (" + e.detail() + ").");
        }
    }

    // It may be of before a change of the key, or of after it. By none of them the proof is of no use any more.
    private static void checkSigned(Jws request, List<ECKey> keys) throws Problem {
        for (ECKey key : keys) if (isSigned(request, key)) return;
        throw unproven("The account's key is not the one that has proven this mailbox.");
    }

    private static boolean isSigned(Jws request, ECKey key) {
        try {
            request.verify(key);
            return true;
        } catch (Problem e) {
            return false;
        }
    }
}
