package dev.starling.sdp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionDescriptionTest {
    private static final String START = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";

    @Test
    void theExampleOfRfc8866IsRead() throws Exception {
        var sdp = SessionDescription.parse(Samples.RFC_8866);
        assertEquals("jdoe", sdp.origin().user());
        assertEquals(BigInteger.valueOf(3_724_394_405L), sdp.origin().version());
        assertEquals(3, sdp.media().size());
        var first = sdp.media().getFirst();
        assertEquals(49_170, first.port());
        assertEquals(List.of(Codec.PCMU), first.codecs());
        assertEquals(Optional.of(new Host(false, "198.51.100.1")), sdp.hostOf(first));
        assertEquals(
                new Host(true, "2001:db8::2"), sdp.hostOf(sdp.media().get(2)).orElseThrow());
    }

    @Test
    void theOfferOfRfc3264IsReadAndItsNamesAreNotLookedUp() throws Exception {
        var sdp = SessionDescription.parse(Samples.RFC_3264);
        assertEquals(Optional.empty(), sdp.host().orElseThrow().address());
        assertEquals("H261", sdp.media().get(1).codecs().getFirst().encoding());
        assertEquals(Direction.SENDRECV, sdp.direction(sdp.media().getFirst()));
    }

    @Test
    void whatABrowserOffersIsRead() throws Exception {
        var sdp = SessionDescription.parse(Samples.BROWSER);
        var audio = sdp.media().getFirst();
        assertEquals(8, audio.codecs().size());
        assertEquals(new Codec(111, "opus", 48_000, 2), audio.codecs().getFirst());
        assertEquals(Optional.of("EsAw"), sdp.attribute(audio, "ice-ufrag"));
        assertEquals(Optional.of("BUNDLE 0"), sdp.attribute(audio, "group"));
        // Neither a name nor TCP is of use.
        var usable = audio.all("candidate").stream()
                .map(SessionDescriptionTest::candidate)
                .filter(Optional::isPresent)
                .toList();
        assertEquals(1, usable.size());
        assertEquals(51_373, usable.getFirst().orElseThrow().address().getPort());
    }

    private static Optional<Candidate> candidate(String value) {
        try {
            return Candidate.parse(value);
        } catch (SdpException e) {
            throw new AssertionError(value, e);
        }
    }

    @Test
    void whatIsWrittenReadsTheSame() throws Exception {
        for (byte[] sample : Samples.ALL) {
            var once = SessionDescription.parse(sample);
            assertEquals(once, SessionDescription.parse(once.bytes()));
        }
    }

    @Test
    void aDirectionOfTheSessionHoldsUntilAMediumSaysAnother() throws Exception {
        var sdp = parse(START + "a=recvonly\r\nm=audio 1 RTP/AVP 0\r\nm=audio 2 RTP/AVP 0\r\na=inactive\r\n");
        assertEquals(Direction.RECVONLY, sdp.direction(sdp.media().get(0)));
        assertEquals(Direction.INACTIVE, sdp.direction(sdp.media().get(1)));
        assertEquals(Direction.SENDONLY, Direction.RECVONLY.reversed());
        assertEquals(Direction.INACTIVE, Direction.RECVONLY.and(Direction.SENDONLY));
    }

    @Test
    void aRefusedLineKeepsItsPlaceAndSaysNothing() throws Exception {
        var refused =
                SessionDescription.parse(Samples.BROWSER).media().getFirst().refused();
        assertEquals(0, refused.port());
        assertEquals(List.of(new Attribute("mid", "0")), refused.attributes());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "v=1\r\n",
                "v=0\r\ns=-\r\n",
                "v=0\r\no=- 1 1 IN IP4\r\ns=-\r\n",
                "v=0\r\no=- x 1 IN IP4 192.0.2.1\r\ns=-\r\n",
                "v=0\r\no=- 1 1 IN IP9 192.0.2.1\r\ns=-\r\n",
                "v=0\r\no=- 1 99999999999999999999999999999999999999999 IN IP4 192.0.2.1\r\ns=-\r\n",
                "hello",
                START + "m=audio 70000 RTP/AVP 0\r\n",
                START + "m=audio -1 RTP/AVP 0\r\n",
                START + "m=audio 1 RTP/AVP\r\n",
                START + "m=audio 1 RTP/AVP 0\r\na=:x\r\n",
                START + "m=audio 1 RTP/AVP 0\r\na=x\u0000y\r\n",
                START + "m=audio 1 RTP/AVP 0\r\na=x\ry\r\n",
                START + "m=audio 1 RTP/AVP 0\r\nv=0\r\n",
            })
    void whatIsNoDescriptionIsRefused(String text) {
        assertThrows(SdpException.class, () -> parse(text));
    }

    @Test
    void tooMuchOfAnythingIsRefused() {
        assertThrows(SdpException.class, () -> parse(START + "a=x\r\n".repeat(600)));
        assertThrows(SdpException.class, () -> parse(START + "a=" + "x".repeat(17_000) + "\r\n"));
        assertThrows(SdpException.class, () -> parse(START + "m=audio 1 RTP/AVP 0\r\n".repeat(17)));
        assertThrows(SdpException.class, () -> parse(START + "m=audio 1 RTP/AVP" + " 0".repeat(70) + "\r\n"));
        byte[] notUtf8 = Samples.RFC_8866.clone();
        notUtf8[30] = (byte) 0xFF;
        assertThrows(SdpException.class, () -> SessionDescription.parse(notUtf8));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0",
                "0 PCMU",
                "128 PCMU/8000",
                "0 PCMU/0",
                "0 PCMU/8000/0",
                "0 /8000",
                "0 PCMU/8000/1/1",
                "x PCMU/8000"
            })
    void aCodecThatIsNoneIsRefused(String rtpmap) throws Exception {
        var line = parse(START + "m=audio 1 RTP/AVP 0\r\na=rtpmap:" + rtpmap + "\r\n")
                .media()
                .getFirst();
        assertThrows(SdpException.class, line::codecs);
    }

    @Test
    void nothingThatIsWrittenCanHoldASecondLine() {
        assertThrows(IllegalArgumentException.class, () -> new Attribute("x", "a\r\nb"));
        assertThrows(IllegalArgumentException.class, () -> new Attribute("x\n", ""));
        assertThrows(IllegalArgumentException.class, () -> new Host(false, "a\nb"));
    }

    @Test
    void bareLineFeedsAreTaken() throws Exception {
        assertTrue(parse(START.replace("\r", "") + "m=audio 1 RTP/AVP 0\n")
                .media()
                .getFirst()
                .formats()
                .contains("0"));
    }

    private static SessionDescription parse(String text) throws SdpException {
        return SessionDescription.parse(text.getBytes(StandardCharsets.UTF_8));
    }
}
