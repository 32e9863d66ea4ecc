package dev.starling.phone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.phone.Digest.Verdict;
import dev.starling.sip.message.Edit;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.SipUri;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Digest with SHA-256 and MD5 for SIP: RFC 8760, RFC 7616 and RFC 3261, section 22.
class Rfc8760Test {
    private static final String REALM = "example.net", URI = "sip:example.net";
    private static final InetAddress HERE = InetAddress.ofLiteral("192.0.2.7"),
            NEAR = InetAddress.ofLiteral("192.0.2.99"),
            ELSEWHERE = InetAddress.ofLiteral("203.0.113.7");
    private final StandingClock clock = new StandingClock();
    private int phones;
    private final PhoneAccounts accounts = new PhoneAccounts() {
        @Override
        public Optional<Ha1> ha1(String user) {
            return user.equals("bob") ? Optional.of(Ha1.of("bob", REALM, "secret")) : Optional.empty();
        }

        @Override
        public boolean owns(String user, SipUri address) {
            return true;
        }

        @Override
        public boolean knowsMd5Only(String from) {
            return from.equals("sip:old@example.net");
        }
    };
    private final Digest digest = new Digest(REALM, accounts, new byte[32], 100, clock);
    private final DigestAnswer bob = new DigestAnswer("bob", "secret", "SHA-256"),
            oldBob = new DigestAnswer("bob", "secret", "MD5"),
            wrongBob = new DigestAnswer("bob", "guess", "SHA-256");

    private String challenge(String algorithm) {
        return challenge(algorithm, HERE);
    }

    private String challenge(String algorithm, InetAddress to) {
        try {
            // As from a new phone each time, which is offered both.
            SipMessage request =
                    PhoneWorld.built(request().edit().set("From", "<sip:p" + phones++ + "@example.net>;tag=1"));
            return digest.challenges(false, to, request, false).stream()
                    .filter(value -> value.contains("algorithm=" + algorithm))
                    .findFirst()
                    .orElseThrow();
        } catch (SipException e) {
            throw new AssertionError(e);
        }
    }

    private static SipMessage request(String... credentials) {
        Edit edit = Edit.request("REGISTER", URI)
                .add("Via", "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa")
                .add("From", "<sip:bob@example.net>;tag=1")
                .add("To", "<sip:bob@example.net>")
                .add("Call-ID", "c")
                .add("CSeq", "1 REGISTER");
        for (String each : credentials) edit.add("Authorization", each);
        return PhoneWorld.built(edit);
    }

    private Verdict judge(String... credentials) throws SipException {
        return digest.judge(request(credentials), HERE);
    }

    private static final String MUFASA = "username=\"Mufasa\", realm=\"http-auth@example.org\","
            + " uri=\"/dir/index.html\", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001,"
            + " cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth,"
            + " opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

    /// RFC 7616, section 3.9.1: its example, with both algorithms.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "MD5 8ca523f5e9506fed4657c9700eebdbec",
                "SHA-256 753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
            })
    void theExampleOfRfc7616(String line) throws SipException {
        String algorithm = line.substring(0, line.indexOf(' ')), response = line.substring(line.indexOf(' ') + 1);
        var said = Credentials.parse(
                        "Digest " + MUFASA + ", algorithm=" + algorithm + ", response=\"" + response + "\"")
                .orElseThrow();
        Ha1 ha1 = Ha1.of("Mufasa", "http-auth@example.org", "Circle of Life");
        assertEquals(response, said.expected(ha1.by(said.algorithm()), "GET"));
    }

    /// RFC 2617, section 3.5, which RFC 3261, section 22.4, builds on.
    @Test
    void theExampleOfTheOldStandard() throws SipException {
        var said = Credentials.parse("""
                Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",\
                 uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b",\
                 response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41\"""").orElseThrow();
        Ha1 ha1 = Ha1.of("Mufasa", "testrealm@host.com", "Circle Of Life");
        assertEquals("6629fae49393a05397450978507c4ef1", said.expected(ha1.md5(), "GET"));
    }

    /// RFC 8760, section 2.4: one challenge for each algorithm, the preferred one first.
    @Test
    void bothAlgorithmsAreOfferedTheBetterOneFirst() throws SipException {
        List<String> values = digest.challenges(true, HERE, request(), false);
        assertEquals(2, values.size());
        assertTrue(values.getFirst().startsWith("Digest realm=\"example.net\",nonce=\""));
        assertTrue(values.getFirst().endsWith(",algorithm=SHA-256,qop=\"auth\",stale=true"));
        assertTrue(values.getLast().endsWith(",algorithm=MD5,qop=\"auth\",stale=true"));
    }

    @Test
    void eachAlgorithmProvesTheAccount() throws SipException {
        assertEquals(new Verdict.Proven("bob"), judge(bob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
        assertEquals(new Verdict.Proven("bob"), judge(oldBob.to(challenge("MD5"), "REGISTER", URI, 1)));
        assertEquals(new Verdict.Proven("bob"), judge(oldBob.old(challenge("MD5"), "REGISTER", URI)));
        assertInstanceOf(Verdict.Absent.class, judge());
        assertInstanceOf(Verdict.Absent.class, judge("Basic Ym9iOnNlY3JldA=="));
    }

    @Test
    void ofSeveralCredentialsThoseForOurRealmAndOfTheBestAlgorithmCount() throws SipException {
        String other = bob.to("realm=\"elsewhere.example\",nonce=\"n\"", "REGISTER", URI, 1);
        assertInstanceOf(Verdict.Absent.class, judge(other));
        String wrong = new DigestAnswer("bob", "guess", "MD5").to(challenge("MD5"), "REGISTER", URI, 1);
        assertEquals(new Verdict.Proven("bob"), judge(other, wrong, bob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
        assertThrows(SipException.class, () -> judge(other, other, other, other, other));
    }

    private int offered(String branch, String... credentials) throws SipException {
        SipMessage request = request(credentials);
        String via = "SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK" + branch;
        return digest.challenges(false, HERE, request.edit().set("Via", via).build(), false)
                .size();
    }

    @Test
    void whoeverAsksAgainWithoutCredentialsIsOfferedMd5Alone() throws SipException {
        assertEquals(2, offered("1"));
        assertEquals(2, offered("1"), "the same request, sent again");
        assertEquals(1, offered("2"), "it did not know what to do with SHA-256");
        assertEquals(2, offered("3"), "nor with MD5 alone");
        judge(bob.to(challenge("SHA-256"), "REGISTER", URI, 1));
        assertEquals(2, offered("4"), "it did");
        judge(oldBob.to(challenge("MD5"), "REGISTER", URI, 1));
        assertEquals(1, offered("5"));
        assertEquals(1, offered("6", bob.to(challenge("SHA-256"), "REGISTER", URI, 9)), "what it chose itself");
        clock.pass(Duration.ofHours(25));
        assertEquals(2, offered("7"));
        SipMessage old = PhoneWorld.built(request().edit().set("From", "<sip:old@example.net>;tag=1"));
        assertTrue(digest.challenges(false, HERE, old, false).getFirst().contains("MD5"), "its owner said so");
    }

    /// Libraries for pages look at the first challenge, want MD5, and ask no second time.
    @Test
    void whoeverComesByWebSocketIsOfferedMd5AtOnce() throws SipException {
        List<String> values = digest.challenges(false, HERE, request(), true);
        assertEquals(1, values.size());
        assertTrue(values.getFirst().contains(",algorithm=MD5,"), values.getFirst());
        SipMessage chosen = request(bob.to(challenge("SHA-256"), "REGISTER", URI, 9));
        assertTrue(
                digest.challenges(true, HERE, chosen, true).getFirst().contains(",algorithm=SHA-256,"), "its choice");
    }

    @Test
    void anotherMethodOrUriIsNotWhatWasProven() throws SipException {
        assertEquals(new Verdict.Wrong("bob"), judge(bob.to(challenge("SHA-256"), "INVITE", URI, 1)));
        assertEquals(new Verdict.Wrong("bob"), judge(bob.to(challenge("SHA-256"), "REGISTER", "sip:other.example", 1)));
        // The same address, written otherwise.
        assertEquals(new Verdict.Proven("bob"), judge(bob.to(challenge("SHA-256"), "REGISTER", "SIP:EXAMPLE.net", 1)));
    }

    @Test
    void aCountIsUsedOnceAndMayComeLate() throws SipException {
        String nonce = challenge("SHA-256");
        for (int nc : new int[] {1, 2, 5, 4, 3, 80, 70})
            assertEquals(new Verdict.Proven("bob"), judge(bob.to(nonce, "REGISTER", URI, nc)), "nc " + nc);
        for (int nc : new int[] {1, 2, 3, 4, 5, 80, 70, 16, 0})
            assertEquals(new Verdict.Replayed("bob"), judge(bob.to(nonce, "REGISTER", URI, nc)), "nc " + nc);
        assertEquals(new Verdict.Proven("bob"), judge(bob.to(nonce, "REGISTER", URI, 17)));
        assertEquals(new Verdict.Proven("bob"), judge(bob.to(nonce, "REGISTER", URI, Integer.MAX_VALUE)));
    }

    @Test
    void withoutACountANonceServesOnce() throws SipException {
        String nonce = challenge("MD5");
        String old = oldBob.old(nonce, "REGISTER", URI);
        assertEquals(new Verdict.Proven("bob"), judge(old));
        assertEquals(new Verdict.Replayed("bob"), judge(old));
        assertEquals(new Verdict.Replayed("bob"), judge(oldBob.to(nonce, "REGISTER", URI, 7)));
    }

    @Test
    void aNonceAgesAndIsOfOneNetwork() throws SipException {
        String nonce = challenge("SHA-256");
        assertInstanceOf(Verdict.Stale.class, digest.judge(request(bob.to(nonce, "REGISTER", URI, 1)), ELSEWHERE));
        assertInstanceOf(Verdict.Proven.class, digest.judge(request(bob.to(nonce, "REGISTER", URI, 1)), NEAR));
        clock.pass(Nonces.LIFE.plusSeconds(1));
        assertInstanceOf(Verdict.Stale.class, judge(bob.to(nonce, "REGISTER", URI, 2)));
        String forged = nonce.replaceFirst("nonce=\".", "nonce=\"_");
        assertInstanceOf(Verdict.Stale.class, judge(bob.to(forged, "REGISTER", URI, 3)));
        for (String odd : new String[] {"", "x", "ä".repeat(28), "=".repeat(28), "A".repeat(28)})
            assertInstanceOf(
                    Verdict.Stale.class,
                    judge(bob.to("realm=\"example.net\",nonce=\"" + odd + "\"", "REGISTER", URI, 1)),
                    odd);
    }

    @Test
    void whatIsRememberedOfNoncesIsBoundedAndWhatIsForgottenDoesNotCountAgain() throws SipException {
        String first = challenge("SHA-256");
        assertInstanceOf(Verdict.Proven.class, judge(bob.to(first, "REGISTER", URI, 1)));
        clock.pass(Duration.ofSeconds(1));
        for (int i = 0; i < 100; i++)
            assertInstanceOf(Verdict.Proven.class, judge(bob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
        assertInstanceOf(Verdict.Replayed.class, judge(bob.to(first, "REGISTER", URI, 1)));
        assertInstanceOf(Verdict.Replayed.class, judge(bob.to(first, "REGISTER", URI, 2)));
    }

    @Test
    void aNonceThatIsInUseIsNotTheOneForgotten() throws SipException {
        String inUse = challenge("SHA-256");
        for (int nc = 1; nc <= 2; nc++)
            assertInstanceOf(Verdict.Proven.class, judge(bob.to(inUse, "REGISTER", URI, nc)));
        for (int i = 0; i < 100; i++)
            assertInstanceOf(Verdict.Proven.class, judge(bob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
        assertInstanceOf(Verdict.Replayed.class, judge(bob.to(inUse, "REGISTER", URI, 2)));
        assertInstanceOf(Verdict.Proven.class, judge(bob.to(inUse, "REGISTER", URI, 3)));
        // Remembered or not, it is of one network.
        assertInstanceOf(Verdict.Stale.class, digest.judge(request(bob.to(inUse, "REGISTER", URI, 4)), ELSEWHERE));
    }

    @Test
    void whoeverGuessesWaitsLongerEachTimeAndNobodyElseDoes() throws SipException {
        for (int i = 0; i < Guesses.FREE; i++)
            assertEquals(new Verdict.Wrong("bob"), judge(wrongBob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
        assertInstanceOf(Verdict.Later.class, judge(bob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
        String there = bob.to(challenge("SHA-256", ELSEWHERE), "REGISTER", URI, 1);
        assertEquals(new Verdict.Proven("bob"), digest.judge(request(there), ELSEWHERE), "the true phone elsewhere");
        clock.pass(Duration.ofSeconds(2));
        assertEquals(new Verdict.Wrong("bob"), judge(wrongBob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
        clock.pass(Duration.ofMillis(1_500));
        assertInstanceOf(Verdict.Later.class, judge(bob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
        int tried = 0;
        for (int i = 0; i < 3_600; i++) {
            clock.pass(Duration.ofSeconds(1));
            if (judge(wrongBob.to(challenge("SHA-256"), "REGISTER", URI, 1)) instanceof Verdict.Wrong) tried++;
        }
        assertTrue(tried <= 22, "guesses in an hour: " + tried);
        clock.pass(Guesses.LONGEST.plusSeconds(1));
        assertEquals(new Verdict.Proven("bob"), judge(bob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
        assertEquals(new Verdict.Wrong("bob"), judge(wrongBob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
    }

    @Test
    void whoeverForgesItsSourceMakesNobodyWait() throws SipException {
        String theirs = challenge("SHA-256", ELSEWHERE);
        for (int i = 0; i < 100; i++)
            assertInstanceOf(Verdict.Stale.class, judge(wrongBob.to(theirs, "REGISTER", URI, 1)));
        assertInstanceOf(Verdict.Proven.class, judge(bob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
    }

    @Test
    void anAccountThatDoesNotExistIsToldTheSame() throws SipException {
        for (String user : new String[] {"nobody", "admin", "", "b".repeat(128)})
            assertEquals(
                    new Verdict.Wrong(user),
                    judge(new DigestAnswer(user, "", "SHA-256").to(challenge("SHA-256"), "REGISTER", URI, 1)));
        for (int i = 0; i < Guesses.FREE; i++)
            judge(new DigestAnswer("ghost", "x", "MD5").to(challenge("MD5"), "REGISTER", URI, 1));
        assertInstanceOf(
                Verdict.Later.class,
                judge(new DigestAnswer("ghost", "x", "MD5").to(challenge("MD5"), "REGISTER", URI, 1)));
    }

    @Test
    void oneWhoTriesManyAccountsWaitsButNotTheNeighbourWhoIsKnown() throws SipException {
        assertInstanceOf(Verdict.Proven.class, judge(bob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
        for (int i = 0; i < Guesses.FREE_OF_NETWORK; i++)
            judge(new DigestAnswer("u" + i, "x", "MD5").to(challenge("MD5"), "REGISTER", URI, 1));
        assertInstanceOf(
                Verdict.Later.class,
                judge(new DigestAnswer("fresh", "x", "MD5").to(challenge("MD5"), "REGISTER", URI, 1)));
        assertInstanceOf(Verdict.Proven.class, judge(bob.to(challenge("SHA-256"), "REGISTER", URI, 1)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Digest ",
                "Digest x",
                "Digest =",
                "Digest username=\"bob\"",
                "Digest username=\"bob\",username=\"bob\"",
                "Digest username=\"bob\",realm=\"r\",nonce=\"n\",uri=\"u\",response=\"zz\"",
                "Digest username=\"bob\",realm=\"r\",nonce=\"n\",uri=\"u\",response=\"0123\",algorithm=SHA-512",
                "Digest username=\"bob\",realm=\"r\",nonce=\"n\",uri=\"u\",response=\"0123\",algorithm=MD5-sess"
            })
    void whatMakesNoSenseIsRefused(String value) {
        var e = assertThrows(SipException.class, () -> Credentials.parse(value));
        assertEquals(400, e.status());
        assertTrue(e.reason().startsWith("Bad credentials"));
    }

    @Test
    void secretsAreNotWritten() {
        assertFalse(Ha1.of("bob", REALM, "secret").toString().matches(".*[0-9a-f]{32}.*"));
    }
}
