package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Identity as RFC 8224, section 6.2.2, and docs/protocols/formats.md, section 8, want it: what is wrong, and what
/// the peer then answers.
class Rfc8224Test {
    private final World world = new World();
    private final World.TestPeer peer = world.peer("one");
    private final Person alice = world.person("alice@example.net");

    @AfterEach
    void end() {
        world.close();
    }

    private Instant now() {
        return world.time.instant();
    }

    private SipMessage unsigned() throws SipException {
        return alice.request("REGISTER", "sip:peer.example", "<sip:alice@example.net>")
                .add("Contact", alice.contact())
                .build();
    }

    private int answer(SipMessage request) {
        var flow = peer.flow();
        flow.says(request.bytes());
        return flow.one().status();
    }

    private int withIdentity(String identity) throws SipException {
        return answer(unsigned().edit().add("Identity", identity).build());
    }

    /// A REGISTER whose signature says `changed` in place of the truth.
    private int claiming(Map<String, Object> changed) throws SipException {
        SipMessage plain = unsigned();
        String identity = alice.identity(plain, peer.uri(), Person.NO_TOKEN, now(), changed);
        return answer(plain.edit().add("Identity", identity).build());
    }

    @Test
    void aRequestSignedAsItIsSentIsTaken() throws SipException {
        assertEquals(200, claiming(Map.of()));
    }

    @Test
    void withoutIdentityTheAnswerIs428() throws SipException {
        assertEquals(428, answer(unsigned()));
    }

    @Test
    void whatCannotBeReadIs436() throws SipException {
        for (String bad : List.of("x", "a.b.c", "e30.e30.e30", "x".repeat(17_000)))
            assertEquals(436, withIdentity(bad + ";info=<cid:x5c>"), bad);
    }

    @Test
    void anotherAuthorityIs437() throws SipException {
        Person stranger = new TestAuthority(now()).person("alice@example.net");
        String identity = stranger.identity(unsigned(), peer.uri(), Person.NO_TOKEN, now(), Map.of());
        assertEquals(437, withIdentity(identity));
    }

    @Test
    void anExpiredCertificateIs437() throws SipException {
        world.time.pass(Duration.ofDays(31));
        assertEquals(437, claiming(Map.of()));
    }

    @Test
    void eachClaimThatDiffersIs438() throws SipException {
        var others = Map.<String, Object>of(
                "method",
                "PUBLISH",
                "callid",
                "another",
                "cseq",
                2,
                "dig",
                "AAAA",
                "dest",
                Map.of("uri", List.of("sip:other@peer.starling.invalid")),
                "orig",
                Map.of("uri", "sip:bob@example.net"));
        for (var each : others.entrySet())
            assertEquals(438, claiming(Map.of(each.getKey(), each.getValue())), each.getKey());
    }

    @Test
    void aSignatureOverOtherBytesIs438() throws SipException {
        SipMessage plain = unsigned();
        String identity = alice.identity(plain, peer.uri(), Person.NO_TOKEN, now(), Map.of());
        int dot = identity.lastIndexOf('.', identity.indexOf(';'));
        char first = identity.charAt(dot + 1);
        String other = identity.substring(0, dot + 1) + (first == 'A' ? 'B' : 'A') + identity.substring(dot + 2);
        assertEquals(438, answer(plain.edit().add("Identity", other).build()));
    }

    @Test
    void aNameThatIsNotTheCertificatesIs438() throws SipException {
        SipMessage plain = Edit.request("REGISTER", "sip:peer.example")
                .add("Via", "SIP/2.0/WS x.invalid;branch=z9hG4bKa")
                .add("From", "<sip:bob@example.net>;tag=1")
                .add("To", "<sip:bob@example.net>")
                .add("Call-ID", "c")
                .add("CSeq", "1 REGISTER")
                .add("Contact", alice.contact())
                .build();
        String identity = alice.identity(plain, peer.uri(), Person.NO_TOKEN, now(), Map.of());
        assertEquals(438, answer(plain.edit().add("Identity", identity).build()));
    }

    @Test
    void contactExpiresAndBodyAreCovered() throws SipException {
        SipMessage good = alice.register(peer.uri(), now());
        assertEquals(
                438, answer(good.edit().set("Contact", "<sip:eve@x.invalid>").build()));
        assertEquals(
                438, answer(good.edit().add("Contact", "<sip:eve@x.invalid>").build()));
        assertEquals(438, answer(good.edit().add("Expires", "0").build()));
        assertEquals(438, answer(good.edit().body("text/plain", new byte[] {1}).build()));
        assertEquals(200, answer(good), "the refused ones have not used it up");
    }

    @Test
    void tooOldTooNewAndSeenBeforeAre403() throws SipException {
        world.time.pass(Duration.ofMinutes(10));
        long seconds = now().getEpochSecond();
        assertEquals(403, claiming(Map.of("iat", seconds - 61)));
        assertEquals(403, claiming(Map.of("iat", seconds + 61)));
        assertEquals(403, claiming(Map.of("jti", "short")));
        SipMessage good = alice.register(peer.uri(), now());
        assertEquals(200, answer(good));
        assertEquals(403, answer(good));
    }

    @Test
    void whatIsOlderThanTheServersStartIs403() throws SipException {
        SipMessage before = alice.register(peer.uri(), now());
        world.time.pass(Duration.ofSeconds(10));
        peer.restart();
        assertEquals(403, answer(before));
        assertEquals(200, answer(alice.register(peer.uri(), now())));
    }

    @Test
    void aTokenForOnePeerIsNoneForAnother() {
        var other = world.peer("two");
        SipMessage stolen = alice.register(peer.uri(), now());
        var flow = other.flow();
        flow.says(stolen.bytes());
        assertEquals(438, flow.one().status());
        assertTrue(other.edge.registrar().of(alice.device()).isEmpty());
    }

    @Test
    void oneSignerCannotFillTheMemoryOfTokens() throws SipException {
        var cache = new dev.starling.identity.passport.ReplayCache(world.time);
        int taken = 0;
        for (int i = 0; i < 10_000; i++) if (cache.first(alice.device(), "jti-number-" + i)) taken++;
        assertEquals(8_000, taken);
        assertTrue(cache.first(world.person("bob@example.net").device(), "jti-number-1"));
        world.time.pass(Duration.ofMinutes(4));
        assertTrue(cache.first(alice.device(), "jti-number-later"));
    }
}
