package dev.starling.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.SipException;
import dev.starling.sip.transport.Tap;
import dev.starling.trace.hep.Chunks;
import java.io.IOException;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// A call of alice's to two devices of bob's, one of them at another server: as it is drawn.
class LadderTest {
    private static final String ALICE = "sip:alice@example.net", BOB = "sip:bob@example.net";
    private static final String SDP = """
            v=0
            m=audio 9 UDP/TLS/RTP/SAVPF 111 0 101
            a=rtpmap:111 opus/48000/2
            a=rtpmap:101 telephone-event/8000
            """;

    private final Tap.Ends alice = Passing.client(5001), phone = Passing.client(5002), far = Passing.server("9f3ab1c2");
    private final List<String> lines = new ArrayList<>();
    private Ladder ladder = ladder(100, false, false, false);

    private static Ladder ladder(int width, boolean colour, boolean boxes, boolean raw) {
        return new Ladder(() -> new Style(width, colour, boxes), raw, ZoneOffset.UTC);
    }

    private void on(boolean in, Tap.Ends ends, long millis, String text) throws SipException, IOException {
        // As it comes out of the socket.
        var sighting = Sighting.of(Passing.passed(in, ends, millis, text), 0);
        lines.addAll(ladder.on(Sighting.read(Chunks.read(sighting.write()))));
    }

    private static String request(String method, String uri, int cseq, String toTag, String more) {
        return "%s %s SIP/2.0\nFrom: <%s>;tag=a1\nTo: <%s>%s\nCall-ID: c4ll@alice.invalid\nCSeq: %d %s\n%s"
                .formatted(method, uri, ALICE, BOB, toTag.isEmpty() ? "" : ";tag=" + toTag, cseq, method, more);
    }

    private static String response(String status, int cseq, String method, String toTag, String more) {
        return "SIP/2.0 %s\nFrom: <%s>;tag=a1\nTo: <%s>%s\nCall-ID: c4ll@alice.invalid\nCSeq: %d %s\n%s"
                .formatted(status, ALICE, BOB, toTag.isEmpty() ? "" : ";tag=" + toTag, cseq, method, more);
    }

    private static String sdp() {
        return "Content-Type: application/sdp\n\n" + SDP;
    }

    private void forkedCall() throws SipException, IOException {
        String contact = "Contact: <" + ALICE + ";gr=urn:uuid:a11c-1111>\n";
        String offer = request("INVITE", BOB, 1, "", contact + sdp());
        on(true, alice, 0, offer);
        on(false, phone, 2, request("INVITE", BOB + ";gr=b0b1222200", 1, "", sdp()));
        on(false, far, 3, request("INVITE", BOB + ";gr=b0b2333300", 1, "", sdp()));
        on(false, alice, 4, response("100 Trying", 1, "INVITE", "", ""));
        on(true, phone, 20, response("180 Ringing", 1, "INVITE", "b1", ""));
        on(false, alice, 21, response("180 Ringing", 1, "INVITE", "b1", ""));
        on(true, far, 30, response("180 Ringing", 1, "INVITE", "b2", ""));
        on(false, alice, 31, response("180 Ringing", 1, "INVITE", "b2", ""));
        on(true, phone, 1500, response("200 OK", 1, "INVITE", "b1", sdp()));
        on(false, alice, 1501, response("200 OK", 1, "INVITE", "b1", sdp()));
        on(false, alice, 2001, response("200 OK", 1, "INVITE", "b1", sdp()));
        on(false, far, 2003, request("CANCEL", BOB + ";gr=b0b2333300", 1, "", "Reason: SIP;cause=200;text=\"x\"\n"));
        on(true, far, 2010, response("487 Request Terminated", 1, "INVITE", "b2", ""));
        on(true, alice, 2011, request("ACK", BOB, 1, "b1", ""));
    }

    @Test
    void aForkedCallInAHundredColumns() throws Exception {
        forkedCall();
        assertEquals(EXPECTED_100, String.join("\n", lines) + "\n");
    }

    private static final String EXPECTED_100 = """

            -- 12:00:00.000 alice@example.net > bob@example.net  c4ll@alice.invalid
             alice@example.net/a11c?              this server
            +0.000      |--------- INVITE (1) -------->| offer: opus PCMU
             alice@example.net/a11c?              this server               bob@example.net/b0b1
            +0.002      |                              |--------- INVITE (1) -------->| offer: opus PCMU
               alice@exampl~/a11c?     this server     bob@example.n~/b0b1   server 9f3ab1c2
            +0.003      |                   |----- INVITE (1) offer: opus PCMU ---->|
            +0.004      |<-- 100 Trying ----|                   |                   | (1 INVITE)
            +0.020      |                   |<-- 180 Ringing ---|                   | (1 INVITE)
            +0.021      |<-- 180 Ringing ---|                   |                   | (1 INVITE)
            +0.030      |                   |<------ 180 Ringing (1 INVITE) --------|
            +0.031      |<-- 180 Ringing ---|                   |                   | (1 INVITE)
            +1.500      |                   |<---- 200 OK ------|                   | (1 INVITE) answer: opus P~
            +1.501      |<---- 200 OK ------|                   |                   | (1 INVITE) answer: opus P~
            +2.001      |<. 200 OK again ...|                   |                   | (1 INVITE) answer: opus P~
            +2.003      |                   |-------- CANCEL (1) cause 200 -------->|
            +2.010      |                   |<- 487 Request Terminated (1 INVITE) --|
            +2.011      |----- ACK (1) ---->|                   |                   |
            """;

    @Test
    void everyLineFitsIntoTheWidth() throws Exception {
        for (int width : List.of(40, 60, 72, 80, 100, 132, 400))
            for (boolean boxes : new boolean[] {true, false}) {
                ladder = ladder(width, false, boxes, false);
                lines.clear();
                forkedCall();
                for (String line : lines) assertTrue(line.length() <= width, width + ": " + line);
                assertTrue(
                        lines.stream().filter(line -> line.contains("200 OK")).count() == 3,
                        () -> String.join("\n", lines));
            }
    }

    @Test
    void whereColumnsDoNotFitARowIsALineOfText() throws Exception {
        ladder = ladder(60, false, false, false);
        forkedCall();
        assertEquals(EXPECTED_60, String.join("\n", lines) + "\n");
    }

    private static final String EXPECTED_60 = """

            -- 12:00:00.000 alice@example.net > bob@example.net  c4ll@a~
             alice@example.n~/a11c?       this server
            +0.000      |----- INVITE (1) ---->| offer: opus PCMU
             alice@example.n~/a11c?       this server bob@example.~/b0b1
            +0.002      |                      |----- INVITE (1) ---->|
            +0.003      this server > server 9f3ab1c2
                        INVITE (1) offer: opus PCMU
            +0.004      this server > alice@example.n~/a11c?
                        100 Trying (1 INVITE)
            +0.020      bob@example.net/b0b1 > this server
                        180 Ringing (1 INVITE)
            +0.021      this server > alice@example.net/a11c
                        180 Ringing (1 INVITE)
            +0.030      server 9f3ab1c2 > this server
                        180 Ringing (1 INVITE)
            +0.031      this server > alice@example.net/a11c
                        180 Ringing (1 INVITE)
            +1.500      bob@example.net/b0b1 > this server
                        200 OK (1 INVITE) answer: opus PCMU
            +1.501      this server > alice@example.net/a11c
                        200 OK (1 INVITE) answer: opus PCMU
            +2.001      this server > alice@example.net/a11c
                        200 OK again (1 INVITE) answer: opus PCMU
            +2.003      this server > server 9f3ab1c2
                        CANCEL (1) cause 200
            +2.010      server 9f3ab1c2 > this server
                        487 Request Terminated (1 INVITE)
            +2.011      alice@example.net/a11c > this server  ACK (1)
            """;

    @Test
    void eachDialogHasItsColourAndEachLineEndsInNone() throws Exception {
        ladder = ladder(100, true, true, false);
        forkedCall();
        var colour = Pattern.compile("\u001b\\[(\\d+)m[^\u001b]*180 Ringing");
        var ringing = lines.stream()
                .flatMap(line -> colour.matcher(line).results())
                .map(found -> found.group(1))
                .toList();
        assertEquals(List.of("36", "36", "33", "33"), ringing);
        for (String line : lines) assertEquals(line.lastIndexOf('\u001b'), line.lastIndexOf("\u001b[0m"), line);
    }

    @Test
    void anOfferThatComesInTheAnswerIsAnsweredByTheAck() throws Exception {
        ladder = ladder(160, false, false, false);
        on(true, alice, 0, request("INVITE", BOB, 7, "", ""));
        on(false, alice, 1, response("200 OK", 7, "INVITE", "b1", sdp()));
        on(true, alice, 2, request("ACK", BOB, 7, "b1", sdp()));
        on(true, alice, 3, request("INVITE", BOB, 8, "b1", sdp().strip() + "\na=sendonly\n"));
        var notes = lines.stream().filter(line -> line.startsWith("+")).toList();
        assertTrue(notes.get(0).contains("- INVITE (7) -"), notes.get(0));
        assertTrue(notes.get(1).contains("200 OK (7 INVITE) offer: opus PCMU"), notes.get(1));
        assertTrue(notes.get(2).contains("ACK (7) answer: opus PCMU"), notes.get(2));
        assertTrue(notes.get(3).contains("INVITE (8) offer: opus PCMU, on hold"), notes.get(3));
    }

    @Test
    void callsThatInterruptEachOtherBeginAnewWithTheirHeads() throws Exception {
        on(true, alice, 0, request("INVITE", BOB, 1, "", ""));
        on(
                true,
                phone,
                5,
                "REGISTER sip:x SIP/2.0\nFrom: <" + BOB + ">\nTo: <" + BOB
                        + ">\nCall-ID: r\nCSeq: 4 REGISTER\nExpires: 1800\n");
        on(false, alice, 9, response("100 Trying", 1, "INVITE", "", ""));
        assertEquals(3, lines.stream().filter(line -> line.startsWith("-- ")).count());
        assertTrue(lines.stream().anyMatch(line -> line.contains("REGISTER (4) expires 1800")), lines::toString);
        assertTrue(lines.getLast().startsWith("+0.009 "), lines.getLast());
    }

    @Test
    void aNameIsInDoubtUntilTheServerActsUponIt() throws Exception {
        on(
                true,
                alice,
                0,
                "OPTIONS sip:x SIP/2.0\nFrom: <" + BOB + ">;tag=1\nTo: <sip:x>\nCall-ID: o\nCSeq: 1 OPTIONS\n");
        assertTrue(lines.get(2).contains("bob@example.net?"), lines.get(2));
        on(
                false,
                alice,
                1,
                "SIP/2.0 200 OK\nFrom: <" + BOB + ">;tag=1\nTo: <sip:x>;tag=2\nCall-ID: o\nCSeq: 1 OPTIONS\n");
        on(true, alice, 2, request("INVITE", BOB, 1, "", ""));
        assertTrue(lines.stream().anyMatch(line -> line.contains("alice@example.net?")), lines::toString);
        on(false, alice, 3, response("180 Ringing", 1, "INVITE", "b1", ""));
        on(
                true,
                alice,
                4,
                "MESSAGE " + BOB + " SIP/2.0\nFrom: <" + ALICE + ">\nTo: <" + BOB + ">\nCall-ID: m\nCSeq: 1 MESSAGE\n");
        assertTrue(lines.get(lines.size() - 2).contains("alice@example.net "), lines.get(lines.size() - 2));
    }

    @Test
    void rawShowsTheHeaderWithoutItsSecretsAndNothingOfTheBody() throws Exception {
        ladder = ladder(100, false, false, true);
        on(true, alice, 0, request("MESSAGE", BOB, 1, "", "Identity: secret\nContent-Type: text/plain\n\nhello"));
        String all = String.join("\n", lines);
        assertTrue(all.contains("\n    Identity: xxxxxx\n    Content-Type: text/plain\n    (5 bytes of body)"), all);
        assertTrue(!all.contains("hello") && !all.contains("xxxxx\n    ("), all);
        assertTrue(all.contains("MESSAGE (1) 5 bytes"), all);
    }

    @Test
    void whatIsNoMessageIsNamed() throws Exception {
        on(true, alice, 0, "\u001b]0;hello\n");
        assertTrue(lines.getLast().contains("bytes that are no message: Bad"), lines.getLast());
        var lost = Sighting.of(Passing.options(0), 12);
        lines.addAll(ladder.on(Sighting.read(Chunks.read(lost.write()))));
        assertTrue(lines.contains("(12 messages lost: shown too slowly)"), lines::toString);
    }

    @Test
    void aPacketOfAnotherToolIsShownByItsAddresses() throws Exception {
        var other = Sighting.of(Passing.options(0), 0).capture().chunks(7, new byte[0]);
        lines.addAll(ladder.on(Sighting.read(other)));
        assertTrue(lines.get(2).contains("198.51.100.7:5000"), lines.get(2));
        assertTrue(lines.get(2).contains("192.0.2.9:443"), lines.get(2));
    }
}
