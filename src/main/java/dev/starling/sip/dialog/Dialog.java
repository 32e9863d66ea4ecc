package dev.starling.sip.dialog;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.NameAddr;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import java.util.List;

/// A dialog as one of its ends sees it (RFC 3261, section 12): a value. Each event gives the dialog that follows; who
/// holds it, sends and waits is the caller's.
///
/// @param local From of what we send: URI with the name, without the tag
/// @param remote To of what we send, likewise
/// @param target where requests go: the other side's Contact
/// @param routes the route set, Route values in the order in which they are sent
/// @param localCseq of the last request we sent; 0 when there was none
/// @param remoteCseq of the last request that came; -1 when there was none
/// @param early only provisional answers so far
public record Dialog(
        DialogId id,
        String local,
        String remote,
        String target,
        List<String> routes,
        long localCseq,
        long remoteCseq,
        boolean early) {
    private static final int MAX_ROUTES = 16;
    private static final long MAX_CSEQ = (1L << 31) - 1;

    public Dialog {
        routes = List.copyOf(routes);
    }

    /// A request within the dialog, yet without Via and Max-Forwards, and the dialog after it.
    public record Outgoing(Dialog dialog, Edit request) {}

    /// The end that answers (section 12.1.1). `answer` is what we answer `request` with: 101 to 299 with our tag.
    public static Dialog answering(SipMessage request, SipMessage answer) throws SipException {
        String tag = answer.toTag().orElseThrow(() -> new SipException(500, "No tag in our answer"));
        return new Dialog(
                new DialogId(request.callId(), tag, request.fromTag().orElse("")),
                untagged(request.required("to")),
                untagged(request.required("from")),
                contact(request),
                bounded(request.elements("record-route")),
                0,
                request.cseq(),
                answer.status() < 200);
    }

    /// The end that asked (section 12.1.2). `answer` is a 101 to 299 with a tag.
    public static Dialog asking(SipMessage request, SipMessage answer) throws SipException {
        String tag = answer.toTag().orElseThrow(() -> new SipException(400, "No tag in the answer"));
        return new Dialog(
                new DialogId(request.callId(), request.fromTag().orElse(""), tag),
                untagged(request.required("from")),
                untagged(request.required("to")),
                contact(answer),
                bounded(answer.elements("record-route")).reversed(),
                request.cseq(),
                -1,
                answer.status() < 200);
    }

    /// After a 2xx: the route set is taken anew from it (section 13.2.2.4), the target too.
    public Dialog confirmed(SipMessage answer) throws SipException {
        return new Dialog(
                id,
                local,
                remote,
                contact(answer),
                early ? bounded(answer.elements("record-route")).reversed() : routes,
                localCseq,
                remoteCseq,
                false);
    }

    /// A request to the other end (section 12.2.1.1), with the next CSeq.
    public Outgoing request(String method) throws SipException {
        if (localCseq >= MAX_CSEQ) throw new SipException(500, "Dialog used up");
        var next = new Dialog(id, local, remote, target, routes, localCseq + 1, remoteCseq, early);
        return new Outgoing(next, next.write(method, next.localCseq));
    }

    /// The ACK of a 2xx (section 13.2.2.4), with the CSeq number of the INVITE.
    public Edit ack(long inviteCseq) throws SipException {
        return write("ACK", inviteCseq);
    }

    private Edit write(String method, long cseq) throws SipException {
        boolean strict = !routes.isEmpty()
                && NameAddr.parse(routes.getFirst()).sipUri().parameter("lr").isEmpty();
        Edit request =
                Edit.request(method, strict ? NameAddr.parse(routes.getFirst()).uri() : target);
        for (String route : strict ? routes.subList(1, routes.size()) : routes) request.add("Route", route);
        // A strict router goes into the Request-URI; the target then ends the Routes.
        if (strict) request.add("Route", "<" + target + ">");
        return request.add("From", local + tag(id.localTag()))
                .add("To", remote + tag(id.remoteTag()))
                .add("Call-ID", id.callId())
                .add("CSeq", cseq + " " + method);
    }

    /// A request of the other end (section 12.2.2): 481 when it belongs to another dialog, 500 when it comes out of
    /// order. INVITE, SUBSCRIBE, NOTIFY, UPDATE and REFER name the target anew.
    public Dialog received(SipMessage request) throws SipException {
        if (!DialogId.of(request).equals(id)) throw new SipException(481, "Dialog does not exist");
        // ACK and CANCEL have the number of their INVITE.
        boolean numbered = !request.method().equals("ACK") && !request.method().equals("CANCEL");
        if (numbered && request.cseq() <= remoteCseq) throw new SipException(500, "CSeq out of order");
        return new Dialog(
                id,
                local,
                remote,
                refreshes(request) ? contact(request) : target,
                routes,
                localCseq,
                numbered ? request.cseq() : remoteCseq,
                early);
    }

    /// A 2xx to a request of ours that names the target anew (section 12.2.1.2).
    public Dialog refreshed(SipMessage answer) throws SipException {
        if (answer.first("contact").isEmpty()) return this;
        return new Dialog(id, local, remote, contact(answer), routes, localCseq, remoteCseq, early);
    }

    private static boolean refreshes(SipMessage request) {
        return switch (request.method()) {
            case "INVITE", "SUBSCRIBE", "NOTIFY", "UPDATE", "REFER" ->
                request.first("contact").isPresent();
            default -> false;
        };
    }

    private static String contact(SipMessage message) throws SipException {
        List<String> contacts = message.elements("contact");
        if (contacts.size() != 1) throw new SipException(400, "One Contact is needed");
        String uri = NameAddr.parse(contacts.getFirst()).uri();
        if (!uri.startsWith("tel:")) SipUri.parse(uri);
        return uri;
    }

    private static List<String> bounded(List<String> routes) throws SipException {
        if (routes.size() > MAX_ROUTES) throw new SipException(400, "Too many Record-Routes");
        for (String each : routes) NameAddr.parse(each).sipUri();
        return routes;
    }

    // Always with brackets: without them a parameter of the URI would become one of the header.
    private static String untagged(String value) throws SipException {
        var address = NameAddr.parse(value);
        int open = value.indexOf("<" + address.uri() + ">");
        return (open > 0 ? value.substring(0, open) : "") + "<" + address.uri() + ">";
    }

    private static String tag(String tag) {
        return tag.isEmpty() ? "" : ";tag=" + tag;
    }

    /// Section 12.1.1: the answer that makes a dialog repeats the Record-Routes.
    static Edit copyRoutes(SipMessage request, Edit answer) {
        for (String route : request.all("record-route")) answer.add("Record-Route", route);
        return answer;
    }
}
