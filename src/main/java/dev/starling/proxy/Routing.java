package dev.starling.proxy;

import dev.starling.identity.DeviceId;
import dev.starling.sip.message.NameAddr;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import dev.starling.sip.message.Tokens;
import dev.starling.sip.transport.Flow;
import java.util.List;
import java.util.Optional;

/// Where a request goes (RFC 3261, sections 16.4 and 16.5), under the rules of docs/protocols/sip.md, section 2: a
/// peer takes for its own devices, and sends out for its own clients only.
record Routing(Self self, Registrar registrar) {
    private static final int MAX_ROUTES = 6;

    sealed interface Target {}

    /// Another peer, named with its key. `strip`: how many leading Routes name this peer.
    record Elsewhere(int strip, SipUri next) implements Target {
        String pin() {
            return next.parameter("pin").orElse("");
        }
    }

    /// A device of our own. `routed`: the request came along the Record-Route that we made for this very dialog.
    record Device(DeviceId device, boolean routed) implements Target {}

    /// Somebody of whom no device is named, asked for by a client of ours outside a dialog.
    record Person() implements Target {}

    /// The presence agent, or the gateway, inside a dialog.
    record ThisPeer() implements Target {}

    /// Own Routes in front are stripped; what then remains decides.
    Target target(Flow flow, SipMessage request) throws SipException {
        List<String> routes = request.elements("route");
        if (routes.size() > MAX_ROUTES) throw new SipException(400, "Too many Routes");
        int strip = 0;
        String token = "";
        for (; strip < routes.size(); strip++) {
            SipUri uri = NameAddr.parse(routes.get(strip)).sipUri();
            if (!self.is(uri)) return elsewhere(flow, request, strip, uri, token);
            token = uri.user();
        }
        if (!request.uri().startsWith("tel:")) {
            SipUri uri = SipUri.parseRequestUri(request.uri());
            if (uri.parameter("pin").isPresent())
                return self.is(uri) ? new ThisPeer() : elsewhere(flow, request, strip, uri, token);
        }
        Optional<DeviceId> named = gr(request.uri());
        if (named.isEmpty() && flow.peer().isEmpty() && routes.isEmpty() && isBeginning(request)) return new Person();
        DeviceId device = named.orElseThrow(() -> new SipException(404, "A device must be named"));
        if (request.toTag().isEmpty() || token.isEmpty()) return new Device(device, false);
        String head =
                self.deviceHead(token, request.callId()).orElseThrow(() -> new SipException(403, "Not our Route"));
        // The token names the device by its first half; the Request-URI by the whole.
        if (!device.hex().startsWith(head)) throw new SipException(481, "Dialog does not exist");
        return new Device(device, true);
    }

    private static boolean isBeginning(SipMessage request) {
        return request.toTag().isEmpty()
                && (request.method().equals("INVITE") || request.method().equals("MESSAGE"));
    }

    private Target elsewhere(Flow flow, SipMessage request, int strip, SipUri next, String token) throws SipException {
        if (flow.peer().isPresent()) throw new SipException(403, "Not a relay");
        boolean alongOwnRecordRoute = request.toTag().isPresent()
                && self.deviceHead(token, request.callId()).isPresent();
        if (registrar.at(flow).isEmpty() && !alongOwnRecordRoute) throw new SipException(403, "Register first");
        return new Elsewhere(strip, named(next));
    }

    /// Refuses what is no peer named with its key.
    static SipUri named(SipUri next) throws SipException {
        boolean named = DeviceId.isHex(next.parameter("pin").orElse(""))
                && next.port() != 0
                && next.parameter("transport").equals(Optional.of("tls"));
        if (!named) throw new SipException(403, "Only to servers named with their key");
        return next;
    }

    /// The device that a GRUU names.
    static Optional<DeviceId> gr(String uri) throws SipException {
        Optional<String> gr = uri.startsWith("tel:")
                ? Tokens.parameter(uri, "gr")
                : SipUri.parse(uri).parameter("gr");
        return gr.filter(DeviceId::isHex).map(DeviceId::new);
    }
}
