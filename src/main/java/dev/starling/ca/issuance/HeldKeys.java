package dev.starling.ca.issuance;

import com.nimbusds.jose.jwk.ECKey;
import dev.starling.acme.Jws;
import dev.starling.acme.Problem;
import dev.starling.ca.store.Account;
import dev.starling.ca.store.Receipt;
import dev.starling.ca.store.Session;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The keys that speak for whoever proved a mailbox: the one that the proof names, and those to which it handed over
/// by changes of the account's key (RFC 8555, section 7.3.5), each signed by the old key and by the new one. Nobody
/// needs to be believed for that.
final class HeldKeys {
    private HeldKeys() {}

    /// Those of an account, as far as its changes lead; empty when the proof is by another key.
    ///
    /// @param holder of a [Receipt]
    /// @throws Problem the account's key cannot be read
    static List<ECKey> of(Session session, Account account, String holder) throws Problem {
        var keys = new ArrayList<ECKey>();
        ECKey current = current(account);
        if (isHolder(current, holder)) keys.add(current);
        String last = holder;
        for (byte[] each : session.keyChanges().of(account.id())) {
            Optional<Change> change = Change.of(each, account.id());
            if (change.isEmpty() || !isHolder(change.get().from, last)) continue;
            if (keys.isEmpty()) keys.add(change.get().from);
            keys.add(change.get().to);
            last = Receipt.ofAccount(Jws.thumbprint(change.get().to));
        }
        return keys;
    }

    /// Whether the key that the account has now is one of them.
    ///
    /// @param holder of a [Receipt]
    /// @throws Problem the account's key cannot be read
    static boolean isCurrent(Session session, Account account, String holder) throws Problem {
        String current = Jws.thumbprint(current(account));
        return of(session, account, holder).stream()
                .anyMatch(each -> Jws.thumbprint(each).equals(current));
    }

    private static boolean isHolder(ECKey key, String holder) {
        return holder.equals(Receipt.ofAccount(Jws.thumbprint(key)));
    }

    private static ECKey current(Account account) throws Problem {
        try {
            return ECKey.parse(account.jwk());
        } catch (ParseException | IllegalArgumentException | IllegalStateException e) {
            // The library answers hostile members with either.
            throw new Problem("unauthorized", 403, "The account's key cannot be read. Order again; a mail will come.");
        }
    }

    /// One that both keys have signed.
    private record Change(ECKey from, ECKey to) {
        /// Empty for what somebody else wrote there: it leads nowhere.
        static Optional<Change> of(byte[] request, String account) {
            try {
                return Optional.of(read(request, account));
            } catch (Problem e) {
                return Optional.empty();
            }
        }

        private static Change read(byte[] request, String account) throws Problem {
            Jws outer = Jws.parse(request), inner = Jws.parseInner(outer.payload());
            ECKey from = Jws.key(inner.json(), "oldKey"),
                    to = inner.jwk().orElseThrow(() -> Problem.malformed("the inner JWS needs jwk"));
            outer.verify(from);
            inner.verify(to);
            boolean isOfAccount = inner.json().get("account") instanceof String url
                    && url.endsWith("/acme/account/" + account)
                    && outer.url().endsWith("/acme/key-change")
                    && inner.url().equals(outer.url());
            if (!isOfAccount) throw Problem.malformed("the change is of another account");
            return new Change(from, to);
        }
    }
}
