package dev.starling.sip.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// RFC 3261, section 19.1: what a SIP URI may hold, and when two are the same.
class Rfc3261UriTest {
    private static SipUri uri(String text) throws SipException {
        return SipUri.parse(text);
    }

    private static void same(String a, String b) throws SipException {
        assertTrue(uri(a).isEquivalent(uri(b)), a + " = " + b);
        assertTrue(uri(b).isEquivalent(uri(a)), b + " = " + a);
    }

    private static void different(String a, String b) throws SipException {
        assertFalse(uri(a).isEquivalent(uri(b)), a + " /= " + b);
        assertFalse(uri(b).isEquivalent(uri(a)), b + " /= " + a);
    }

    private static int refusal(String text) {
        return assertThrows(SipException.class, () -> uri(text), text).status();
    }

    @Test
    void thePartsAreFound() throws SipException {
        SipUri uri = uri("SIP:j%40n:pass@Host.Example:5070;Transport=TLS;lr;x=%41?subject=hi&to=y");
        assertFalse(uri.secure());
        assertEquals("j%40n:pass", uri.user());
        assertEquals("host.example", uri.host());
        assertEquals(5070, uri.port());
        assertEquals(Optional.of("TLS"), uri.parameter("transport"));
        assertEquals(Optional.of(""), uri.parameter("lr"));
        assertEquals(Optional.empty(), uri.parameter("pin"));
        assertEquals("subject=hi&to=y", uri.headers());
        assertEquals(0, uri("sip:example.net").port());
        assertTrue(uri("sips:example.net").secure());
    }

    @Test
    void theUserPartMayHoldWhatElsewhereSeparates() throws SipException {
        SipUri uri = uri("sip:a;gr=x?y/z&b=c+d$e,f@example.net;gr=true");
        assertEquals("a;gr=x?y/z&b=c+d$e,f", uri.user());
        assertEquals(Optional.of("true"), uri.parameter("gr"));
        assertEquals("", uri.headers());
        assertEquals("what?ever", uri("sip:what?ever@example.net").user());
    }

    @Test
    void hostsAreNamesOrAddresses() throws SipException {
        assertEquals("192.0.2.1", uri("sip:192.0.2.1").host());
        assertEquals("[2001:db8::1]", uri("sip:a@[2001:DB8::1]:5061;lr").host());
        assertEquals(5061, uri("sip:a@[2001:db8::1]:5061;lr").port());
        assertEquals("example.net.", uri("sip:example.net.").host());
        for (String bad : List.of(
                "sip:",
                "sip:a@",
                "sip:@example.net",
                "sip:a@ex_ample.net",
                "sip:a@example..net",
                "sip:a@.net",
                "sip:a@" + "x".repeat(64) + ".net",
                "sip:a@" + "abc.".repeat(80) + "net",
                "sip:a@[2001:db8::1",
                "sip:a@[2001:xyz::1]",
                "sip:a@[]",
                "sip:a@b@example.net",
                "sip:a@exa mple.net",
                "sip:a@example.net/path")) assertEquals(400, refusal(bad), bad);
    }

    @Test
    void portsAreNumbersThatExist() {
        for (String bad : List.of("", "0", "65536", "99999", "100000", "-1", "5a", " 5"))
            assertEquals(400, refusal("sip:a@example.net:" + bad), bad);
    }

    @Test
    void escapesAreTwoHexDigits() {
        for (String bad : List.of("sip:a%@example.net", "sip:a%4@example.net", "sip:a%4g@example.net"))
            assertEquals(400, refusal(bad), bad);
        assertEquals(400, refusal("sip:a@example.net;x=%2"));
        assertEquals(400, refusal("sip:a@example.net;x=\u00e4"));
    }

    @Test
    void parametersHaveNamesAndComeOnce() {
        for (String bad : List.of(";", ";=x", ";x=", ";lr;lr", ";pin=1;PIN=2", ";x=a<b", ";x=a@b"))
            assertEquals(400, refusal("sip:a@example.net" + bad), bad);
        assertEquals(400, refusal("sip:a@example.net" + ";p".repeat(2)));
        var many = new StringBuilder("sip:a@example.net");
        for (int i = 0; i < 17; i++) many.append(";p").append(i);
        assertEquals(400, refusal(many.toString()));
    }

    @Test
    void whatIsTooLongOrOfAnotherSchemeHasItsOwnAnswer() {
        assertEquals(414, refusal("sip:" + "a".repeat(2100) + "@example.net"));
        assertEquals(400, refusal("sip:" + "a".repeat(600) + "@example.net"));
        for (String other : List.of("http://example.net", "tel:+4930123456", "nonsense", "", "sipx:a", "soap.beep://x"))
            assertEquals(416, refusal(other), other);
    }

    @Test
    void caseCountsInTheUserPartOnly() throws SipException {
        same("sip:%62ob@Example.ORG;transport=TCP", "SIP:bob@example.org;Transport=tcp");
        different("sip:BOB@example.org", "sip:bob@example.org");
        different("sip:b%6Fb@example.org", "sip:bOb@example.org");
        different("sip:bob@example.org", "sips:bob@example.org");
    }

    @Test
    void anEscapedReservedCharacterIsNotThatCharacter() throws SipException {
        same("sip:a%2fb@example.org", "sip:a%2Fb@example.org");
        different("sip:a%2Fb@example.org", "sip:a/b@example.org");
        different("sip:a%3Bb@example.org", "sip:a;b@example.org");
    }

    @Test
    void whatIsLeftOutIsNotTheDefault() throws SipException {
        different("sip:bob@example.org", "sip:bob@example.org:5060");
        different("sip:bob@example.org", "sip:bob@example.org;transport=udp");
        different("sip:example.org", "sip:bob@example.org");
        different("sip:bob@example.org", "sip:bob@example.org;maddr=192.0.2.1");
        different("sip:bob@example.org", "sip:bob@example.org;gr=1");
        different("sip:bob@example.org", "sip:bob@192.0.2.4");
    }

    @Test
    void otherParametersCountOnlyWhereBothHaveThemInAnyOrder() throws SipException {
        same("sip:carla@example.org", "sip:carla@example.org;newparam=5");
        same("sip:carla@example.org", "sip:carla@example.org;security=on");
        different("sip:carla@example.org;security=on", "sip:carla@example.org;security=off");
        same("sip:example.org;transport=tcp;method=REGISTER", "sip:example.org;method=REGISTER;transport=tcp");
    }

    @Test
    void headersCountAllInAnyOrder() throws SipException {
        same(
                "sip:a@example.org?subject=project%20x&priority=urgent",
                "sip:a@example.org?Priority=urgent&subject=project%20x");
        different("sip:carla@example.org", "sip:carla@example.org?subject=next%20meeting");
        different("sip:carla@example.org?subject=a", "sip:carla@example.org?subject=b");
    }
}
