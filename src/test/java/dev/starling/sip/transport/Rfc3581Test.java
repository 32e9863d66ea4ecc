package dev.starling.sip.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// RFC 3581: symmetric response routing, and RFC 3261, section 18.2.
class Rfc3581Test {
    private static final InetSocketAddress NAT = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 9988);

    private static String stamped(String via, InetSocketAddress source) {
        return text(TopVia.stamped(message("OPTIONS sip:example.com SIP/2.0", via), source));
    }

    private static byte[] message(String start, String via) {
        return (start + "\r\n" + via + "\r\nMax-Forwards: 70\r\nVia: SIP/2.0/UDP second;branch=z9hG4bKb\r\n\r\nbody")
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String text(byte[] message) {
        return new String(message, StandardCharsets.ISO_8859_1);
    }

    private static String expected(String via) {
        return text(message("OPTIONS sip:example.com SIP/2.0", via));
    }

    /// Section 5, the example.
    @Test
    void theExampleOfTheStandard() {
        assertEquals(
                expected("Via: SIP/2.0/UDP 10.1.1.1:4540;branch=z9hG4bKkjshdyff;received=192.0.2.1;rport=9988"),
                stamped("Via: SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bKkjshdyff", NAT));
        byte[] response = message(
                "SIP/2.0 200 OK",
                "Via: SIP/2.0/UDP 10.1.1.1:4540;received=192.0.2.1;rport=9988;branch=z9hG4bKkjshdyff");
        assertEquals(9988, TopVia.replyPort(response, 9988));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa                       | 5060
            SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKa                  | 5070
            SIP/2.0/UDP 192.0.2.1:5070;rport;branch=z9hG4bKa            | 9988
            SIP/2.0/UDP 192.0.2.1:5070;rport=1;branch=z9hG4bKa          | 9988
            SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa                   | 9988
            SIP/2.0/UDP phone.example.com:5070;branch=z9hG4bKa          | 9988
            SIP / 2.0 / UDP  192.0.2.1 : 5070 ;branch=z9hG4bKa          | 5070
            SIP/2.0/UDP 192.0.2.1:0;branch=z9hG4bKa                     | 5060
            SIP/2.0/UDP 192.0.2.1:99999;branch=z9hG4bKa                 | 5060
            SIP/2.0/UDP 192.0.2.1:x;branch=z9hG4bKa                     | 5060
            """)
    void whereTheAnswerGoes(String via, int port) {
        byte[] request = TopVia.stamped(message("OPTIONS sip:example.com SIP/2.0", "Via: " + via), NAT);
        String line = text(request).lines().skip(1).findFirst().orElseThrow();
        assertEquals(port, TopVia.replyPort(message("SIP/2.0 200 OK", line), NAT.getPort()));
    }

    @Test
    void whatTheSenderSaysOfReceivedAndRportIsRemoved() {
        assertEquals(
                expected("v: SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKa;received=192.0.2.1;rport=9988"),
                stamped("v: SIP/2.0/UDP 10.1.1.1;RECEIVED=203.0.113.9;branch=z9hG4bKa;rPort=53;received=1.2.3.4", NAT));
    }

    @Test
    void onlyTheFirstElementIsOurs() {
        assertEquals(
                expected("Via: SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKa;received=192.0.2.1;rport=9988,"
                        + " SIP/2.0/TCP x;received=1.2.3.4"),
                stamped("Via: SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKa , SIP/2.0/TCP x;received=1.2.3.4", NAT));
    }

    @Test
    void foldedAndQuotedViasAreReadAsTheParserReadsThem() {
        assertEquals(
                expected("Via: SIP/2.0/UDP 10.1.1.1;x=\"a,;received=9\";branch=z9hG4bKa;received=192.0.2.1;rport=9988"),
                stamped("vIA \t:\r\n SIP/2.0/UDP\r\n\t10.1.1.1;x=\"a,;received=9\"\r\n ;branch=z9hG4bKa", NAT)
                        .replace("vIA \t:", "Via:"));
    }

    @Test
    void ipv6IsWrittenWithoutBracketsAndComparedByValue() {
        var source = new InetSocketAddress(InetAddress.ofLiteral("2001:db8::9:1"), 6050);
        assertEquals(
                expected("Via: SIP/2.0/UDP [2001:DB8::9:1]:6055;branch=z9hG4bKa;received=2001:db8:0:0:0:0:9:1"),
                stamped("Via: SIP/2.0/UDP [2001:DB8::9:1]:6055;branch=z9hG4bKa", source));
    }

    @Test
    void aMessageWithoutViaStaysAsItIs() {
        for (String each : new String[] {
            "OPTIONS sip:a SIP/2.0\r\nMax-Forwards: 1\r\n\r\nVia: SIP/2.0/UDP x\r\n\r\n", "OPTIONS", "\r\n\r\n", "", "V"
        }) {
            byte[] bytes = each.getBytes(StandardCharsets.ISO_8859_1);
            assertArrayEquals(bytes, TopVia.stamped(bytes, NAT));
        }
    }
}
