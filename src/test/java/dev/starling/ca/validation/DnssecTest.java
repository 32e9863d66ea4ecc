package dev.starling.ca.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.SignedDns;
import dev.starling.SignedDns.Kind;
import dev.starling.SignedDns.Zone;
import dev.starling.ca.store.DomainLook;
import dev.starling.mail.DkimKeys;
import dev.starling.mail.DnsDkimKeys;
import dev.starling.mail.NameServer;
import dev.starling.mail.NoAnswer;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a resolver that checks DNSSEC says of domains and keys, and what becomes of it: unbound, with zones that are
/// signed well, badly, and not at all.
class DnssecTest {
    private static final String CA = "ca.example.net", KEY = "v=DKIM1; p=x";

    /// Of a domain that lets this CA certify, with a key for its mails and a name below it.
    private static final String WHOLE = """
            @ MX 10 mx.test.
            @ CAA 0 issuemail "ca.example.net"
            sel._domainkey TXT "v=DKIM1; p=x"
            below A 192.0.2.1
            """;

    @TempDir
    static Path folder;

    private static Optional<SignedDns> server = Optional.empty();

    @BeforeAll
    static void start() throws Exception {
        server = Optional.of(new SignedDns(
                Files.createDirectory(folder.resolve("good")), "127.0.0.1", zones(), "max-udp-size: 512"));
    }

    @AfterAll
    static void stop() {
        server.ifPresent(SignedDns::close);
    }

    private static List<Zone> zones() {
        var all = new ArrayList<Zone>();
        for (Kind each : Kind.values()) all.add(new Zone(name(each), each, WHOLE));
        String closed = "@ MX 10 mx.test.\n@ CAA 0 issuemail \";\"\nbox MX 10 mx.test.\nbox CAA 0 issuemail \";\"\n";
        all.add(new Zone("closed.test", Kind.SIGNED, closed));
        all.add(new Zone("aliases.test", Kind.SIGNED, """
                signed CNAME signed.test.
                unsigned CNAME unsigned.test.
                expired CNAME expired.test.
                none CNAME none.signed.test.
                tree DNAME signed.test.
                *.wild MX 10 mx.test.
                """));
        String many = IntStream.range(0, 60)
                .mapToObj(i -> "@ CAA 0 issuemail \"other" + i + ".example.net\"\n")
                .collect(Collectors.joining());
        all.add(new Zone("large.test", Kind.SIGNED, WHOLE + many));
        // What somebody between the zone's server and the resolver can do without the zone's key.
        all.add(new Zone(
                "changed.test",
                Kind.SIGNED,
                WHOLE,
                zone -> zone.replace("10 mx.test.", "10 my.test.").replace("p=x", "p=y")));
        all.add(new Zone(
                "bare.test",
                Kind.SIGNED,
                closed,
                without(line -> line.matches("bare\\.test\\.\\s.*\\bCAA\\b.*") && !line.contains("NSEC"))));
        all.add(new Zone("denied.test", Kind.SIGNED, closed, denying("denied.test")));
        all.add(new Zone("gone.test", Kind.SIGNED, closed, without(line -> line.startsWith("box.gone.test."))));
        all.add(new Zone(
                "unsigned-mx.test",
                Kind.SIGNED,
                WHOLE,
                without(line -> line.matches("unsigned-mx\\.test\\.\\s.*RRSIG\\s+MX.*"))));
        return all;
    }

    private static String name(Kind kind) {
        return kind.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-') + ".test";
    }

    private static UnaryOperator<String> without(Predicate<String> those) {
        return zone -> zone.lines().filter(line -> !those.test(line)).collect(Collectors.joining("\n", "", "\n"));
    }

    /// Without its CAA records, and with a denial that says so.
    private static UnaryOperator<String> denying(String domain) {
        return zone -> zone.lines()
                .filter(line -> !line.matches(domain + "\\.\\s.*\\bCAA\\b.*") || line.contains("NSEC"))
                .map(line -> line.matches(".*\\sNSEC\\s.*") ? line.replace(" CAA", "") : line)
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private static SignedDns server() {
        return server.orElseThrow();
    }

    private static MailDomain domains(NameServer from) throws IOException {
        return new MailDomain(from, CA, Clock.systemUTC());
    }

    private static DnsDkimKeys keys(NameServer from) throws IOException {
        return new DnsDkimKeys(from, Duration.ofSeconds(20));
    }

    private static DomainLook look(String domain) throws IOException {
        return domains(NameServer.at(server().place())).look(domain);
    }

    private static DkimKeys.Answer key(String domain) throws IOException {
        return keys(NameServer.at(server().place())).find("sel", domain);
    }

    private static void says(String verdict, String dnssec, String domain) throws IOException {
        DomainLook look = look(domain);
        assertEquals(verdict + " " + dnssec, look.verdict() + " " + look.dnssec(), look::toString);
    }

    @Test
    void whatTheSignaturesVouchForIsSecure() throws Exception {
        for (String each : List.of("signed.test", "hashed.test", "opt-out.test", "aliases.test")) {
            boolean aliases = each.equals("aliases.test");
            says(aliases ? "no-mail" : "allowed", "secure", each);
            if (aliases) continue;
            says("allowed", "secure", "below." + each);
            assertEquals(
                    each + ": 0 issuemail \"ca.example.net\"",
                    look("below." + each).caa());
            assertEquals(new DkimKeys.Answer(List.of(KEY), true), key(each));
        }
        says("allowed", "secure", "signed.aliases.test");
        // By DNAME (RFC 6672), and out of a wildcard (RFC 4035, section 5.3.4).
        says("allowed", "secure", "below.tree.aliases.test");
        says("allowed", "secure", "any.wild.aliases.test");
        says("caa-others", "secure", "closed.test");
        says("caa-others", "secure", "box.closed.test");
    }

    @Test
    void thatThereIsNothingIsSecureToo() throws Exception {
        says("no-domain", "secure", "none.signed.test");
        says("no-domain", "secure", "none.hashed.test");
        says("no-domain", "secure", "none.test");
        says("no-domain", "secure", "none.aliases.test");
        assertEquals(new DkimKeys.Answer(List.of(), true), key("below.signed.test"));
        assertEquals(new DkimKeys.Answer(List.of(), true), key("closed.test"));
    }

    @Test
    void whatNobodySignedIsNotVouchedFor() throws Exception {
        // Island: its signatures count for nothing, because its parent names no key.
        for (String each : List.of("unsigned.test", "island.test")) {
            says("allowed", "insecure", each);
            says("allowed", "insecure", "below." + each);
            says("no-domain", "insecure", "none." + each);
            assertEquals(new DkimKeys.Answer(List.of(KEY), false), key(each));
        }
        says("allowed", "insecure", "unsigned.aliases.test");
        // RFC 5155, section 9.2: something unsigned may be there.
        says("no-domain", "insecure", "none.opt-out.test");
        assertFalse(key("below.opt-out.test").authentic());
    }

    private static final String WRONG = "its signatures are wrong or missing";

    /// What is said of the signatures of a domain, or of its key; "" for nothing.
    private static String refused(org.junit.jupiter.api.function.Executable asking) {
        var e = assertThrows(NoAnswer.class, asking);
        String words = String.valueOf(e.getMessage());
        assertTrue(words.startsWith("the DNS says SERVFAIL of "), words);
        assertTrue(words.endsWith(e.signatures()), words);
        return e.signatures();
    }

    @Test
    void whatIsForgedIsNoAnswerAndTheReasonIsSaid() throws Exception {
        var expected = new LinkedHashMap<String, String>();
        expected.put("stripped.test", "the key of its signatures is missing");
        expected.put("other-key.test", "the key of its signatures is missing");
        expected.put("expired.test", "its signatures have expired");
        expected.put("early.test", "its signatures are not good yet");
        for (String each : List.of("changed.test", "bare.test", "denied.test", "box.gone.test"))
            expected.put(each, WRONG);
        // This one unbound takes for a failure of the zone's server.
        expected.put("unsigned-mx.test", "");
        // One that knows nothing yet: of what it has found out before it says less.
        Path other = Files.createDirectory(folder.resolve("forged"));
        try (var fresh = new SignedDns(other, "127.0.0.1", zones())) {
            var dns = domains(NameServer.at(fresh.place()));
            var keys = keys(NameServer.at(fresh.place()));
            var said = new LinkedHashMap<String, String>();
            for (String each : expected.keySet()) said.put(each, refused(() -> dns.look(each)));
            assertEquals(expected, said, fresh.log());
            // Again, and through an alias: nothing of it is kept or forgiven.
            for (String each : List.of("expired.test", "expired.aliases.test"))
                assertTrue(Set.of(WRONG, "its signatures have expired").contains(refused(() -> dns.look(each))));
            // A key for mails is refused in the same way: the reply waits, and is not judged without it.
            for (String each : List.of("stripped.test", "other-key.test", "expired.test", "early.test", "changed.test"))
                refused(() -> keys.find("sel", each));
        }
    }

    @Test
    void whatIsTooLongForAPacketComesByTcp() throws Exception {
        says("allowed", "secure", "large.test");
        assertTrue(look("large.test").caa().length() > 1_280);
    }

    @Test
    void aResolverThatDoesNotCheckIsNotTakenForOne() throws Exception {
        Path other = Files.createDirectory(folder.resolve("unchecking"));
        try (var unchecking = new SignedDns(other, "127.0.0.1", zones(), "module-config: \"iterator\"")) {
            var place = NameServer.at(unchecking.place());
            var dns = domains(place);
            assertEquals("unknown", dns.look("signed.test").dnssec());
            assertEquals("unknown", dns.look("unsigned.test").dnssec());
            // What is forged it cannot know.
            assertEquals("my.test", dns.look("changed.test").mail());
            assertFalse(keys(place).find("sel", "signed.test").authentic());
        }
    }

    @Test
    void aResolverElsewhereIsBelievedOnlyIfItsOperatorSaysSo() throws Exception {
        String address = elsewhere();
        Path other = Files.createDirectory(folder.resolve("elsewhere"));
        try (var far = new SignedDns(other, address, zones())) {
            var place = Optional.of(address + ":" + far.port());
            for (boolean trusted : new boolean[] {false, true}) {
                var named = new NameServer(place, trusted);
                var dns = domains(named);
                assertEquals(
                        trusted ? "secure" : "unknown", dns.look("signed.test").dnssec());
                assertEquals(
                        trusted ? "insecure" : "unknown",
                        dns.look("unsigned.test").dnssec());
                assertEquals(
                        new DkimKeys.Answer(List.of(KEY), trusted), keys(named).find("sel", "signed.test"));
                // What it refuses stays refused.
                assertThrows(NoAnswer.class, () -> dns.look("expired.test"));
            }
        }
    }

    /// An address of this computer at which others reach it.
    private static String elsewhere() throws IOException {
        return NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(each -> each instanceof Inet4Address && !each.isLoopbackAddress())
                .map(InetAddress::getHostAddress)
                .findFirst()
                .orElseGet(() -> Assumptions.abort("this computer is in no network"));
    }
}
