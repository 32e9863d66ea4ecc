package dev.starling.ca;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Whoever wants no mails gets none, and only who reads the mailbox can say so.
class SilenceTest extends AcmeTest {
    private AcmeCaller.Reply page(String method, String token, String body) throws Exception {
        return bob.send(
                method,
                ca.base + "/acme/no-mail/" + token,
                Map.of("Content-Type", "application/x-www-form-urlencoded", "Accept-Language", "en"),
                body.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void openingTheLinkChangesNothingAndTheButtonStopsTheMails() throws Exception {
        String token = ca.silence.token(BOB);
        var opened = page("GET", token, "");
        assertEquals(200, opened.status());
        assertTrue(opened.http().body().contains(BOB));
        assertEquals("no-store", opened.header("cache-control"));
        assertEquals("no-referrer", opened.header("referrer-policy"));
        assertEquals(201, bob.order(BOB).status());
        assertTrue(page("POST", token, "").http().body().contains("gets no more mails"));
        int letters = ca.letters.all.size();
        refused(403, "rejectedIdentifier", bob.order(BOB));
        refused(403, "rejectedIdentifier", bob.order("Bob@EXAMPLE.net"));
        assertEquals(letters, ca.letters.all.size());
        assertEquals(201, bob.order("carol@example.net").status(), "others go on");
        page("POST", token, "allow=1");
        assertEquals(201, bob.order(BOB).status());
    }

    @Test
    void aLinkThatTheCaDidNotMakeStopsNobody() throws Exception {
        String right = ca.silence.token(BOB), other = ca.silence.token("carol@example.net");
        String mixed = right.substring(0, right.indexOf('.')) + other.substring(other.indexOf('.'));
        for (String wrong : List.of("", "x", ".", mixed, right + "A", right.substring(1), "A".repeat(500) + ".AA"))
            assertEquals(404, page("POST", wrong, "").status(), wrong);
        assertFalse(ca.silence.isSilent(BOB));
        assertFalse(ca.silence.isSilent("carol@example.net"));
    }

    @Test
    void theAddressOfWhoeverWantsNoMailIsNotKept() throws Exception {
        page("POST", ca.silence.token(BOB), "");
        String file =
                new String(java.nio.file.Files.readAllBytes(folder.resolve("ca.db-wal")), StandardCharsets.ISO_8859_1);
        assertFalse(file.contains("bob@example.net"));
    }

    @Test
    void anAddressWhoseMailCameBackIsLeftAloneForAWeek() throws Exception {
        String authorization = bob.order(BOB).first("authorizations").replaceFirst(".*/", "");
        ca.desk.bounced(authorization.substring(0, 26), true, "5.1.1");
        var said = bob.order(BOB);
        refused(429, "rateLimited", said);
        assertEquals(String.valueOf(Duration.ofDays(7).toSeconds()), said.header("retry-after"));
        assertEquals(1, ca.letters.all.size());
        ca.clock.pass(Duration.ofDays(7).plusSeconds(1));
        assertEquals(201, bob.order(BOB).status());
    }

    @Test
    void thePageSpeaksGermanToWhoPrefersIt() throws Exception {
        var said = bob.send(
                "GET",
                ca.base + "/acme/no-mail/" + ca.silence.token(BOB),
                Map.of("Accept-Language", "de-DE,de"),
                new byte[0]);
        assertTrue(said.http().body().contains("Keine Mails mehr"));
    }
}
