package dev.starling.ca.registration;

import dev.starling.acme.Problem;
import dev.starling.ca.issuance.Issuer;
import dev.starling.ca.store.Authorization;
import dev.starling.ca.store.CaStore;
import dev.starling.ca.store.Fault;
import dev.starling.ca.store.Order;
import java.io.IOException;
import java.util.Optional;

/// Orders of whoever has no account, only a certificate request and the mailbox: the request waits until the code that
/// was mailed comes back, then the certificate is made, and mailed. Each needs a code of its own, because a request
/// can be sent again by everybody who has seen it.
public final class PlainOrders {
    /// No account's id looks like that.
    static final String NOBODY = "plain:";

    private final CaStore store;
    private final Orders orders;
    private final Authorizations authorizations;

    public PlainOrders(CaStore store, Orders orders, Authorizations authorizations) {
        this.store = store;
        this.orders = orders;
        this.authorizations = authorizations;
    }

    /// @param authorization says whether the mail is on its way
    public record Open(Order order, Authorization authorization) {
        /// What is wrong, or went wrong.
        public Fault fault() {
            return order.error().isNone() ? authorization.error() : order.error();
        }
    }

    /// Mails a code to the address that the request (DER) names.
    ///
    /// @param network whoever asks, as /24 or /64
    /// @param language an Accept-Language header
    public Open create(byte[] csr, String network, String language) throws Problem, IOException {
        authorizations.checkJudgesCodes();
        String address = Issuer.asked(csr).text();
        var asking = new Orders.Asking(NOBODY + Ids.random(), network, language);
        Order order = orders.create(asking, address, Optional.empty());
        store.change(session -> session.orders().request(order.id(), csr));
        return find(order.id());
    }

    /// Only who made it knows its name.
    public Open find(String id) throws Problem, IOException {
        return store.whole(session -> {
            Order order = session.orders()
                    .byId(id)
                    .filter(each -> each.account().startsWith(NOBODY))
                    .orElseThrow(() -> new Problem("malformed", 404, "No such request."));
            return new Open(
                    order, session.authorizations().byId(order.authorization()).orElseThrow());
        });
    }

    /// The code from the mail; with the right one the certificate is made. One that has its certificate keeps it.
    ///
    /// @param language an Accept-Language header
    public Open answer(String id, String code, String language) throws Problem, IOException {
        Order order = find(id).order();
        if (order.status() == Order.Status.PENDING) {
            var challenge = store.in(session -> session.authorizations().challenges(order.authorization())).stream()
                    .filter(each -> each.type().equals(Authorizations.CODE))
                    .findFirst()
                    .orElseThrow(() -> new Problem("malformed", 404, "This request cannot be proven by a code."));
            authorizations.answer(challenge, code, order.csr());
        }
        if (!isMailed(id, language)) return find(id);
        orders.finish(order, order.csr(), new byte[0]);
        return find(id);
    }

    /// That its certificate will be mailed stands in the store before it is made: so it is, once, whoever makes it, and
    /// when. False: it is being made, or will not be.
    private boolean isMailed(String id, String language) throws IOException {
        return store.in(session -> {
            Order order = session.orders().held(id).orElseThrow();
            if (order.status() != Order.Status.READY) return false;
            session.mails().certificate(order.authorization(), language, orders.now());
            return true;
        });
    }

    public boolean isOver(Open open) {
        return orders.isOver(open.order());
    }

    /// The chain of its certificate as PEM, leaf first.
    public String chain(Open open) throws Problem, IOException {
        return orders.chain(open.order());
    }
}
