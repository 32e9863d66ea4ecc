package dev.starling.ca.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.starling.ca.TestClock;
import dev.starling.mail.DkimKeys;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.Mails;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// A name server that says nothing is not asked again for each mail, and signature.
class SilentDomainsTest {
    private final TestClock clock = new TestClock(Mails.NOW);
    private final List<String> asked = new ArrayList<>();
    private boolean silent = true;
    private final DkimKeys keys = new SilentDomains(this::find, clock);

    private DkimKeys.Answer find(String selector, String domain) throws IOException {
        asked.add(selector + " " + domain);
        if (silent && domain.endsWith("example.net")) throw new IOException("no answer");
        return new DkimKeys.Answer(List.of(Mails.KEY_TXT), false);
    }

    @Test
    void oneThatDoesNotAnswerIsAskedOnceInHalfAMinute() throws Exception {
        for (int i = 0; i < 5; i++) {
            String selector = "s" + i;
            assertThrows(IOException.class, () -> keys.find(selector, "example.net"));
        }
        assertEquals(List.of("s0 example.net"), asked);
        assertEquals(1, keys.find("s", "other.example").txt().size());
        clock.pass(SilentDomains.PAUSE);
        silent = false;
        for (int i = 0; i < 3; i++)
            assertEquals(1, keys.find("s", "example.net").txt().size());
        assertEquals(5, asked.size());
    }

    @Test
    void aClockThatWasSetBackSilencesNobodyForLong() throws Exception {
        assertThrows(IOException.class, () -> keys.find("s", "example.net"));
        clock.pass(Duration.ofDays(-1));
        silent = false;
        assertEquals(1, keys.find("s", "example.net").txt().size());
    }

    @Test
    void manyMailsAndSignaturesCostOneQuestion() {
        var replies = new Replies(Mails.CA, DkimPolicy.PRACTICAL, keys, new Mails.Open(), clock);
        String mail = Mails.PLAIN;
        for (int i = 0; i < 4; i++) mail = Mails.signed(mail);
        for (int i = 0; i < 20; i++) assertInstanceOf(Replies.Outcome.Later.class, replies.take(Mails.incoming(mail)));
        assertEquals(1, asked.size());
    }

    @Test
    void anotherSendersDomainIsNotAskedFor() {
        var replies = new Replies(Mails.CA, DkimPolicy.PRACTICAL, keys, new Mails.Open(), clock);
        String mail = Mails.PLAIN.replace("Example.NET", "evil.example.net");
        replies.take(Mails.incoming(Mails.Signing.GOOD.d("evil.example.net").sign(mail)));
        assertEquals(List.of(), asked);
    }
}
