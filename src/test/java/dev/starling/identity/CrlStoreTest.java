package dev.starling.identity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.StandingClock;
import dev.starling.Vectors;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Lists are fetched once, tried again, and never forgotten; a list that cannot be had stops nobody.
@org.jspecify.annotations.NullUnmarked
class CrlStoreTest {
    private static final String URL = "http://crl.example.net/a.crl";

    private final StandingClock clock = new StandingClock();
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private final List<String> fetched = new ArrayList<>();
    private byte[] served = new byte[0];
    private Map<String, Object> vectors;
    private Revocations.Issuer root;
    private CertificateFields certificate;
    private CrlStore store;

    @BeforeEach
    void open() throws Exception {
        vectors = Vectors.read("crls");
        @SuppressWarnings("unchecked")
        var issuers = (Map<String, Object>) vectors.get("issuers");
        root = new Revocations.Issuer(CertificateFields.parse(Vectors.base64(issuers.get("root"))), List.of(URL));
        // Any certificate whose serial number is 4002: the store compares numbers of one issuer.
        for (Map<String, Object> c : Vectors.cases(Vectors.read("certificates"), "cases"))
            if (Vectors.text(c, "what").equals("a revoked serial number"))
                certificate = CertificateFields.parse(
                        Vectors.allBase64(c.get("chain")).getFirst());
        store = new CrlStore(this::serve, waiting::add, clock);
    }

    private byte[] serve(String url) throws IOException {
        fetched.add(url);
        if (served.length == 0) throw new IOException("nobody answers");
        return served;
    }

    private byte[] list(String what) throws Exception {
        for (Map<String, Object> c : Vectors.cases(vectors, "cases"))
            if (Vectors.text(c, "what").equals(what)) return Vectors.base64(c.get("crl"));
        throw new AssertionError(what);
    }

    private boolean revoked() {
        boolean known = store.revoked(certificate, root);
        while (!waiting.isEmpty()) waiting.remove().run();
        return known;
    }

    private void pass(Duration time) {
        clock.pass(time);
    }

    @Test
    void whatIsMissingIsFetchedOnceForTheNextTime() throws Exception {
        served = list("the serial number of the vectors");
        assertFalse(revoked(), "the first time nobody waits");
        assertTrue(revoked());
        assertTrue(revoked());
        assertEquals(List.of(URL), fetched);
        assertTrue(store.list(URL).isPresent());
        assertTrue(store.list("http://crl.example.net/b.crl").isEmpty(), "nothing is fetched for strangers");
    }

    @Test
    void aListOfAnotherIssuerTakesNobodyOut() throws Exception {
        served = list("the serial number of the vectors");
        revoked();
        @SuppressWarnings("unchecked")
        var issuers = (Map<String, Object>) vectors.get("issuers");
        var other = new Revocations.Issuer(CertificateFields.parse(Vectors.base64(issuers.get("rsa"))), List.of(URL));
        for (int i = 0; i < 2; i++) {
            assertFalse(store.revoked(certificate, other));
            while (!waiting.isEmpty()) waiting.remove().run();
        }
    }

    @Test
    void aListThatCannotBeHadStopsNobodyAndIsTriedAgain() throws Exception {
        assertFalse(revoked());
        assertFalse(revoked());
        assertEquals(1, fetched.size());
        pass(Duration.ofMinutes(11));
        served = list("a changed signature");
        revoked();
        assertFalse(revoked());
        assertEquals(2, fetched.size());
        assertTrue(store.list(URL).isEmpty(), "what is not the CA's is not handed on");
    }

    @Test
    void whatAListSaidOnceCountsWhenTheListIsGone() throws Exception {
        served = list("the serial number of the vectors");
        revoked();
        served = list("none");
        pass(Duration.ofHours(25));
        revoked();
        assertTrue(revoked());
        served = new byte[0];
        pass(Duration.ofHours(25));
        revoked();
        assertTrue(revoked());
        assertEquals(3, fetched.size());
    }

    @Test
    void aShortListIsAskedForAgainAfterAnHourALongOneAfterADay() throws Exception {
        served = list("none");
        revoked();
        pass(Duration.ofMinutes(59));
        assertFalse(revoked());
        assertEquals(1, fetched.size());
        served = list("the serial number of the vectors");
        pass(Duration.ofMinutes(2));
        revoked();
        assertTrue(revoked(), "withdrawn an hour ago at most");
        assertEquals(2, fetched.size());
    }

    @Test
    void theVerifierRefusesWhatIsOnAList() throws Exception {
        var v = Vectors.read("certificates");
        for (Map<String, Object> c : Vectors.cases(v, "cases")) {
            if (!Vectors.text(c, "what").equals("a commercial chain")) continue;
            var anchors = Vectors.allBase64(c.get("anchors"));
            var chain = Vectors.allBase64(c.get("chain"));
            var asked = new ArrayList<String>();
            Revocations all = (one, _) -> {
                asked.add(one.serialHex());
                return asked.size() == 3;
            };
            var verifier =
                    new CertificateVerifier(Vectors.verifier(anchors, false).anchors(), false, all);
            assertEquals(
                    "revoked",
                    Vectors.verdict(
                            () -> verifier.verify(chain, Vectors.clock(v).instant())));
            assertEquals(3, asked.size(), "owner and both CAs, not the proxy");
            return;
        }
        throw new AssertionError("no commercial chain");
    }
}
