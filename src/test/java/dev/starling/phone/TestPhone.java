package dev.starling.phone;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipMessage;
import java.util.List;

/// A phone that answers challenges.
final class TestPhone {
    final PhoneWorld world;
    final PhoneWorld.PhoneFlow flow;
    private final DigestAnswer digest;
    private int branch, cseq;
    String contact;

    TestPhone(PhoneWorld world, DigestAnswer digest, PhoneWorld.PhoneFlow flow) {
        this.world = world;
        this.digest = digest;
        this.flow = flow;
        contact = "<sip:" + digest.user() + "@" + host() + ">";
    }

    private String host() {
        var remote = flow.remote().orElseThrow();
        return remote.getAddress().getHostAddress() + ":" + remote.getPort();
    }

    Edit request(String method, String uri) {
        String user = digest.user();
        return Edit.request(method, uri)
                .add(
                        "Via",
                        "SIP/2.0/" + flow.transport() + " " + host() + ";branch=z9hG4bK" + user + branch++ + ";rport")
                .add("Max-Forwards", "70")
                .add("From", "<sip:" + user + "@example.net>;tag=1928301774")
                .add("To", "<" + (method.equals("REGISTER") ? "sip:" + user + "@example.net" : uri) + ">")
                .add("Call-ID", "a84b4c76e66710-" + host())
                .add("CSeq", ++cseq + " " + method)
                .add("User-Agent", "A phone of the tests 1.0 with a name that is not short");
    }

    Edit register(long expires) {
        return request("REGISTER", "sip:example.net").add("Contact", contact).add("Expires", String.valueOf(expires));
    }

    /// Sends it, and gives what came back at once, 100 Trying left out.
    SipMessage answer(Edit request) {
        List<SipMessage> all = answers(request);
        if (all.size() != 1) throw new AssertionError("expected one answer, not " + all);
        return all.getFirst();
    }

    List<SipMessage> answers(Edit request) {
        PhoneWorld.heard(flow);
        world.edge.received(flow, request.toBytes());
        return PhoneWorld.heard(flow).stream().filter(m -> m.status() != 100).toList();
    }

    /// Again with credentials, in a transaction of its own (RFC 3261, section 22.2).
    Edit withCredentials(Edit request, SipMessage challenge, int nc) {
        SipMessage before = PhoneWorld.built(request);
        String value = challenge(challenge);
        String header = challenge.status() == 401 ? "Authorization" : "Proxy-Authorization";
        return request.set("CSeq", ++cseq + " " + before.method())
                .set("Via", before.topVia().replaceAll("branch=z9hG4bK\\w+", "branch=z9hG4bKb" + branch++))
                .set(header, digest.to(value, before.method(), before.uri(), nc));
    }

    String challenge(SipMessage response) {
        String name = response.status() == 401 ? "www-authenticate" : "proxy-authenticate";
        return response.all(name).stream()
                .filter(value -> value.contains("algorithm=" + digest.algorithm()))
                .findFirst()
                .orElseThrow();
    }

    /// Sends it, answers the challenge, gives what came then, 100 Trying left out.
    List<SipMessage> proven(Edit request) {
        return answers(withCredentials(request, answer(request), 1));
    }

    SipMessage register() {
        return proven(register(3600)).getFirst();
    }
}
