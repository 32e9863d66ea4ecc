package dev.starling.ca.validation;

import static dev.starling.mail.Mails.BLOCK;
import static dev.starling.mail.Mails.BOB;
import static dev.starling.mail.Mails.CA;
import static dev.starling.mail.Mails.HEAD;
import static dev.starling.mail.Mails.NOW;
import static dev.starling.mail.Mails.RESPONSE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.validation.Replies.Outcome;
import dev.starling.mail.DkimPolicy;
import dev.starling.mail.Mails;
import dev.starling.mail.SmimeTrust;
import dev.starling.mail.SmimeVerifier;
import dev.starling.mail.SmimeWorld;
import dev.starling.mail.SmimeWorld.Party;
import dev.starling.mail.SmimeWorld.Signing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Mails signed by S/MIME with some octets changed: refused, or what was signed is what counts; nothing else is thrown.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class SmimeFuzzTest {
    private static final int ROUNDS = 2_000;
    private static final Party ROOT = SmimeWorld.ca("CN=Mail Root").bySelf();
    private static final Party BETWEEN = SmimeWorld.ca("CN=Mail CA").by(ROOT);
    private static final Signing SIGNED =
            new Signing().by(SmimeWorld.of("bob@example.net").by(BETWEEN), BETWEEN);
    private static final String TYPE = "Content-Type: text/plain; charset=us-ascii\r\n";
    private static final String OUTER = HEAD.replace(TYPE, "");
    private static final String CONTENT = HEAD.replace(TYPE, TYPE.replace("\r\n", "; hp=clear\r\n")) + "\r\n" + BLOCK;

    @TempDir
    Path folder;

    private Optional<SmimeVerifier> verifier = Optional.empty();
    private int taken;

    @BeforeEach
    void trust() throws Exception {
        Path file = Files.writeString(folder.resolve("anchors.pem"), ROOT.pem());
        verifier = Optional.of(new SmimeVerifier(SmimeTrust.open(file), _ -> false, () -> NOW));
    }

    private void judged(byte[] mail) {
        var open = new Mails.Open();
        var outcome = new Replies(CA, DkimPolicy.PRACTICAL, new Mails.Keys(), verifier, open, () -> NOW)
                .take(new Incoming("bob@example.net", CA.text(), mail));
        switch (outcome) {
            case Outcome.Refused _ -> assertTrue(open.reply.isEmpty());
            case Outcome.Later later -> throw new AssertionError(later);
            case Outcome.Taken good -> {
                taken++;
                assertEquals(BOB, good.reply().from());
                assertEquals(RESPONSE, good.reply().response());
            }
        }
    }

    private static byte[] changed(byte[] bytes, Random random) {
        byte[] other = bytes.clone();
        for (int i = random.nextInt(3); i >= 0; i--) other[random.nextInt(other.length)] = (byte) random.nextInt(256);
        return random.nextInt(10) == 0 ? Arrays.copyOf(other, random.nextInt(other.length) + 1) : other;
    }

    @Test
    void signaturesThatAreNotWhatTheyWere() {
        var random = new Random(47);
        byte[] detached = SIGNED.cms(CONTENT, true), opaque = SIGNED.cms(CONTENT, false);
        for (int i = 0; i < ROUNDS; i++) {
            judged(Mails.bytes(SmimeWorld.detached(OUTER, CONTENT, changed(detached, random))));
            judged(Mails.bytes(SmimeWorld.opaque(OUTER, "signed-data", changed(opaque, random))));
        }
        assertTrue(taken < ROUNDS / 10, taken + " were taken");
    }

    @Test
    void mailsThatAreNotWhatTheyWere() {
        var random = new Random(48);
        byte[] mail = Mails.bytes(SIGNED.detached(OUTER, CONTENT));
        for (int i = 0; i < ROUNDS; i++) judged(changed(mail, random));
        for (int end = 0; end < mail.length; end += 7) judged(Arrays.copyOf(mail, end));
        // What is changed before the parts and behind them is seen by nobody.
        assertTrue(taken < ROUNDS / 4, taken + " were taken");
    }
}
