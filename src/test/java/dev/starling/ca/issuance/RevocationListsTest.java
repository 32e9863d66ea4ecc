package dev.starling.ca.issuance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.ca.Csrs;
import dev.starling.ca.Ready;
import dev.starling.ca.TestClock;
import dev.starling.ca.store.CaStore;
import dev.starling.identity.Crl;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The lists of withdrawn certificates: RFC 5280, section 5.
class RevocationListsTest {
    private static final String BOB = "bob@example.net";

    @TempDir
    Path folder;

    private final TestClock clock = new TestClock(Instant.now().truncatedTo(java.time.temporal.ChronoUnit.SECONDS));
    private CaStore store;
    private Issuer issuer;
    private RevocationLists lists;

    @BeforeEach
    void open() throws IOException {
        store = CaStore.inFile(folder.resolve("ca.db"));
        issuer = Ready.issuer(folder, false, store, clock);
        lists = issuer.lists();
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }

    private String issued() throws Exception {
        String order = Ready.order(store, BOB, "email-code-00", now());
        issuer.issue(order, Csrs.of(BOB));
        return store.in(session -> session.orders().byId(order).orElseThrow().serial());
    }

    private String pem(String serial) throws IOException {
        return store.in(
                session -> session.certificates().bySerial(serial).orElseThrow().chain());
    }

    private void revoke(String serial, int reason) throws IOException {
        store.change(session -> session.certificates().revoke(serial, now(), reason));
    }

    private byte[] list() throws IOException {
        String issuing =
                store.in(session -> session.certificates().of(BOB, 1).getFirst().issuer());
        return lists.newestOf(issuing).orElseThrow();
    }

    private static X509CRL read(byte[] der) throws Exception {
        return (X509CRL) CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(der));
    }

    private static long number(byte[] der) throws Exception {
        byte[] value = read(der).getExtensionValue("2.5.29.20");
        return ASN1Integer.getInstance(ASN1OctetString.getInstance(value).getOctets())
                .longValueExact();
    }

    @Test
    void itNamesWhatIsWithdrawnWithItsReasonAndNothingElse() throws Exception {
        String stolen = issued(), given = issued(), living = issued();
        revoke(stolen, 1);
        revoke(given, 0);
        lists.refresh();
        X509CRL list = read(list());
        assertEquals(2, list.getRevokedCertificates().size());
        var entry = list.getRevokedCertificate(new java.math.BigInteger(stolen, 16));
        assertEquals(java.security.cert.CRLReason.KEY_COMPROMISE, entry.getRevocationReason());
        assertEquals(clock.instant(), entry.getRevocationDate().toInstant());
        // RFC 5280, section 5.3.1: unspecified is not said.
        assertEquals(
                false,
                list.getRevokedCertificate(new java.math.BigInteger(given, 16)).hasExtensions());
        assertEquals(Set.of(stolen, given), Crl.parse(list()).serials());
        assertTrue(!Crl.parse(list()).serials().contains(living));
        assertEquals(
                Duration.ofDays(1),
                Duration.between(
                        list.getThisUpdate().toInstant(), list.getNextUpdate().toInstant()));
    }

    @Test
    void itIsMadeAnewEachHourAndAfterEachWithdrawalWithAGreaterNumber() throws Exception {
        String serial = issued();
        lists.refresh();
        byte[] first = list();
        assertEquals(1, number(first));
        clock.pass(Duration.ofMinutes(59));
        lists.refresh();
        assertArrayEquals(first, list());
        clock.pass(Duration.ofMinutes(1));
        lists.refresh();
        assertEquals(2, number(list()));
        revoke(serial, 4);
        lists.renew();
        assertEquals(3, number(list()));
        assertEquals(Set.of(serial), Crl.parse(list()).serials());
    }

    @Test
    void oneWhoseCertificateIsOverAnywayIsNotOnIt() throws Exception {
        String serial = issued();
        revoke(serial, 4);
        clock.pass(Duration.ofDays(30));
        lists.refresh();
        assertEquals(Set.of(), Crl.parse(list()).serials());
    }

    @Test
    void aNumberIsNeverUsedTwiceThoughTheProcessDiedBeforeItSigned() throws Exception {
        issued();
        lists.refresh();
        String issuing =
                store.in(session -> session.certificates().of(BOB, 1).getFirst().issuer());
        store.change(session -> session.crls().next(issuing, now()));
        assertEquals(1, number(list()), "what was not signed is not published");
        lists.renew();
        assertEquals(3, number(list()));
    }

    @Test
    void theKeyBeforeGoesOnListingWhatItSigned() throws Exception {
        String old = issued();
        String oldIssuer =
                store.in(session -> session.certificates().of(BOB, 1).getFirst().issuer());
        clock.pass(Duration.ofDays(672));
        issued();
        revoke(old, 1);
        clock.pass(Duration.ofDays(1));
        String fresh = issued();
        revoke(fresh, 1);
        lists.refresh();
        assertEquals(Set.of(fresh), Crl.parse(list()).serials());
        assertTrue(lists.newestOf(oldIssuer).isPresent());
    }

    @Test
    void aWithdrawalThatTheListLacksIsThereAfterTheNextLook() throws Exception {
        String serial = issued();
        lists.refresh();
        clock.pass(Duration.ofMinutes(1));
        // As when the list could not be made after it.
        revoke(serial, 1);
        lists.refresh();
        assertEquals(Set.of(serial), Crl.parse(list()).serials());
        assertTrue(lists.areGood());
        clock.pass(Duration.ofHours(25));
        assertFalse(lists.areGood());
    }

    @Test
    void aListThatWasMadeWhileTheClockWasAheadIsMadeAnew() throws Exception {
        String serial = issued();
        clock.pass(Duration.ofDays(300));
        lists.refresh();
        clock.pass(Duration.ofDays(-300));
        assertFalse(lists.areGood(), "nobody takes a list of the future");
        lists.refresh();
        assertTrue(lists.areGood());
        assertEquals(2, number(list()), "numbers never go back");
        assertEquals(clock.instant(), Crl.parse(list()).thisUpdate());
        clock.pass(Duration.ofSeconds(1));
        revoke(serial, 1);
        lists.refresh();
        assertEquals(Set.of(serial), Crl.parse(list()).serials());
    }

    /// Makers are many, and their clocks, and that of the front which withdraws, differ by seconds.
    @Test
    void processesWhoseClocksDifferBySecondsMakeNoMoreThanOne() throws Exception {
        String serial = issued();
        var ahead = new TestClock(clock.instant().plusSeconds(10));
        RevocationLists other = Ready.issuer(folder, false, store, ahead).lists();
        other.refresh();
        long first = number(list());
        lists.refresh();
        assertEquals(first, number(list()), "seconds of the future are none");
        assertTrue(lists.areGood());
        store.change(
                session -> session.certificates().revoke(serial, ahead.instant().getEpochSecond() + 3600, 1));
        lists.refresh();
        assertEquals(Set.of(serial), Crl.parse(list()).serials());
        for (int look = 0; look < 5; look++) {
            clock.pass(Duration.ofSeconds(20));
            ahead.pass(Duration.ofSeconds(20));
            lists.refresh();
            other.refresh();
        }
        assertEquals(first + 1, number(list()), "withdrawn by a front whose clock is ahead by an hour");
    }

    @Test
    void whatAFrontWithdrewWhoseClockIsBehindIsListedToo() throws Exception {
        String serial = issued();
        lists.refresh();
        store.change(session -> session.certificates().revoke(serial, now() - 30, 1));
        lists.refresh();
        assertEquals(Set.of(serial), Crl.parse(list()).serials());
    }

    @Test
    void theListWithTheGreaterNumberIsNeverTheOlderOne() throws Exception {
        String serial = issued();
        var ahead = new TestClock(clock.instant().plusSeconds(10));
        Ready.issuer(folder, false, store, ahead).lists().refresh();
        Instant first = Crl.parse(list()).thisUpdate();
        revoke(serial, 1);
        lists.refresh();
        assertEquals(Set.of(serial), Crl.parse(list()).serials());
        assertFalse(Crl.parse(list()).thisUpdate().isBefore(first));
    }

    @Test
    void opensslBelievesIt() throws Exception {
        String serial = issued(), living = issued();
        revoke(serial, 1);
        lists.refresh();
        Files.write(folder.resolve("list.der"), list());
        Files.writeString(folder.resolve("root.pem"), Issuer.pem(issuer.root()));
        assertEquals(0, openssl("crl", "-inform", "DER", "-in", "list.der", "-out", "list.pem"));
        for (String each : List.of(serial, living)) {
            String chain = pem(each);
            int second = chain.indexOf("-----BEGIN", 1);
            Files.writeString(folder.resolve("leaf.pem"), chain.substring(0, second));
            Files.writeString(folder.resolve("issuing.pem"), chain.substring(second));
            int status = openssl(
                    "verify",
                    "-x509_strict",
                    "-purpose",
                    "smimesign",
                    "-crl_check",
                    "-CRLfile",
                    "list.pem",
                    "-CAfile",
                    "root.pem",
                    "-untrusted",
                    "issuing.pem",
                    "leaf.pem");
            assertEquals(each.equals(serial) ? 2 : 0, status, each.equals(serial) ? "withdrawn" : "living");
        }
    }

    private int openssl(String... words) throws Exception {
        var command = new java.util.ArrayList<>(List.of("openssl"));
        command.addAll(List.of(words));
        var process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        if (status == 2) assertTrue(said.contains("revoked"), said);
        return status;
    }
}
