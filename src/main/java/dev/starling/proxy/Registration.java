package dev.starling.proxy;

import dev.starling.identity.passport.TokenVerifier;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.NameAddr;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.Tokens;
import dev.starling.sip.transaction.RequestReceived;
import dev.starling.sip.transaction.TransactionLayer;
import dev.starling.sip.transport.Flow;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.function.Consumer;

/// REGISTER (RFC 3261, section 10.3; RFC 5626; RFC 5627; docs/protocols/sip.md, section 3).
///
/// @param registered hears of each binding made
record Registration(
        Self self,
        TokenVerifier tokens,
        Registrar registrar,
        ConsentStore consent,
        Refusals refusals,
        Clock clock,
        Consumer<Registrar.Binding> registered) {
    private static final long MIN_EXPIRES = 60, MAX_EXPIRES = 3600, FLOW_TIMER_SECONDS = 20;

    void take(Flow flow, SipMessage request, RequestReceived server) throws SipException, IOException {
        if (flow.peer().isPresent()) throw new SipException(403, "Not over a connection of servers");
        var signer = Authenticity.check(tokens, request, self.id().peerUri()).signer();
        Forwarding.sameName(request.to().uri(), signer.address());
        List<String> contacts = request.elements("contact");
        if (contacts.size() != 1) throw new SipException(400, "One Contact is needed");
        var contact = NameAddr.parse(contacts.getFirst());
        long seconds = expires(request, contact);
        var answer = refusals.dated(Edit.response(request, 200, "OK", TransactionLayer.tag()));
        if (seconds == 0) {
            registrar.unbind(signer.device());
            server.respond(answer.build());
            return;
        }
        var until = clock.instant().plusSeconds(seconds);
        var binding = new Registrar.Binding(signer.address(), signer.device(), flow, until);
        consent.registered(signer.address(), signer.device());
        if (!registrar.bind(binding)) throw Refusals.tooMany("This server is full");
        answer.add("Contact", granted(contact, binding, seconds)).add("Supported", "path, outbound, gruu");
        // RFC 5626, section 6.
        if (contact.parameter("reg-id").isPresent())
            answer.add("Require", "outbound").add("Flow-Timer", String.valueOf(FLOW_TIMER_SECONDS));
        server.respond(answer.build());
        registered.accept(binding);
    }

    // RFC 3261, section 10.2.1.1: the Contact's own parameter goes before the header.
    private static long expires(SipMessage request, NameAddr contact) throws SipException {
        long seconds = contact.parameter("expires")
                .map(value -> Tokens.number(value, 10))
                .filter(value -> value >= 0)
                .orElse(request.number("expires", MAX_EXPIRES));
        if (seconds != 0 && seconds < MIN_EXPIRES)
            throw new SipException(
                    423, "Interval Too Brief", new SipException.Header("Min-Expires", String.valueOf(MIN_EXPIRES)));
        return Math.min(seconds, MAX_EXPIRES);
    }

    private static String granted(NameAddr contact, Registrar.Binding binding, long seconds) {
        var granted = new StringBuilder("<" + contact.uri() + ">");
        contact.parameter("reg-id")
                .filter(id -> Tokens.number(id, 10) >= 0)
                .ifPresent(id -> granted.append(";reg-id=").append(id));
        contact.parameter("+sip.instance")
                .ifPresent(id -> granted.append(";+sip.instance=").append(Tokens.quote(id)));
        String gruu = binding.device().gruu(binding.address());
        return granted + ";expires=" + seconds + ";pub-gruu=" + Tokens.quote(gruu);
    }
}
