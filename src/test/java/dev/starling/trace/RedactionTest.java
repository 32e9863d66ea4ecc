package dev.starling.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What is shown of a message, and what is overwritten.
class RedactionTest {
    private static String shown(String message) throws SipException {
        byte[] bytes = message.getBytes(StandardCharsets.ISO_8859_1);
        byte[] shown = Redaction.of(SipMessage.read(bytes));
        assertEquals(bytes.length, shown.length, "nothing moves");
        return new String(shown, StandardCharsets.ISO_8859_1);
    }

    private static String header(String line) throws SipException {
        String head = "OPTIONS sip:a@example.net SIP/2.0\r\n", tail = "\r\nTo: <sip:b@example.net>\r\n\r\n";
        String shown = shown(head + line + tail);
        assertEquals(head, shown.substring(0, head.length()));
        assertEquals(tail, shown.substring(shown.length() - tail.length()));
        return shown.substring(head.length(), shown.length() - tail.length());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Authorization",
                "authorization",
                "Proxy-Authorization",
                "Identity",
                "y",
                "Y",
                "Starling-Token",
                "Starling-Signature",
                "Starling-Knock"
            })
    void credentialsAreOverwritten(String name) throws SipException {
        assertEquals(name + ": xxxxxx xxxxxxxxxx", header(name + ": Digest u=\"secret\""));
        assertEquals(name + " :\txxx\r\n  xxxx", header(name + " :\tabc\r\n  defg"), "folded");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"WWW-Authenticate: Digest nonce=1", "Subject: Identity: abc", "Contact: <sip:a@[::1]:5060>"})
    void theRestStays(String line) throws SipException {
        assertEquals(line, header(line));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '\u0001',
            value = {
                "Contact: <sip:a:pw@h>, Contact: <sip:a:xx@h>",
                "Contact: <SIPS:a:p:w@h:5061>, Contact: <SIPS:a:xxx@h:5061>",
                "From: \"x\" <sip:a:@h>;tag=1, From: \"x\" <sip:a:@h>;tag=1",
                "Route: <sip:h:5060>  <sip:b:pw@h>, Route: <sip:h:5060>  <sip:b:xx@h>",
            })
    void passwordsInUrisAreOverwritten(String line, String shown) throws SipException {
        assertEquals(shown, header(line));
    }

    @Test
    void aPasswordInTheRequestUriIsOverwritten() throws SipException {
        assertEquals("OPTIONS sip:a:xx@h SIP/2.0\r\n\r\n", shown("OPTIONS sip:a:pw@h SIP/2.0\r\n\r\n"));
    }

    private static String body(String type, String body) throws SipException {
        String head = "INVITE sip:a@h SIP/2.0\r\n" + type + "\r\n\r\n";
        return shown(head + body).substring(head.length());
    }

    @Test
    void sdpStaysButForItsKeys() throws SipException {
        String sdp = "v=0\r\nk=clear:abc\r\na=ice-ufrag:u\r\na=ice-pwd:abc\r\nA=CRYPTO:1 x\na=rtpmap:0 PCMU/8000";
        assertEquals(
                "v=0\r\nk=xxxxxxxxx\r\na=ice-ufrag:u\r\na=ice-pwd:xxx\r\nA=CRYPTO:xxx\na=rtpmap:0 PCMU/8000",
                body("c: application/SDP;charset=utf-8", sdp));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Type: text/plain",
                "Content-Type: application/dtmf-relay",
                "Content-Type: multipart/mixed;boundary=application/sdp",
                "Content-Type: application/sdp\r\nContent-Encoding: gzip",
                "Subject: no type"
            })
    void everyOtherBodyIsOverwritten(String type) throws SipException {
        assertEquals("xxxxx", body(type, "he\r\no"));
    }
}
