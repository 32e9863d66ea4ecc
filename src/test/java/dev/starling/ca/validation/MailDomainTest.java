package dev.starling.ca.validation;

import static dev.starling.Dnsmasq.mx;
import static dev.starling.Dnsmasq.nullMx;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Dnsmasq;
import dev.starling.ca.TestClock;
import dev.starling.ca.store.DomainLook;
import dev.starling.mail.NameServer;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CAARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// Whether a domain gets mail, and what DNSSEC says of it.
class MailDomainTest {
    private static final String CA = "ca.example.net";
    private final TestClock clock = new TestClock(Instant.parse("2026-11-30T12:00:00Z"));

    private MailDomain asking(String place) throws IOException {
        return new MailDomain(NameServer.at(place), CA, clock);
    }

    private static void says(String verdict, String mail, DomainLook look) {
        assertEquals(verdict, look.verdict(), look::toString);
        assertEquals(mail, look.mail(), look::toString);
    }

    // RFC 5321, section 5.1; RFC 7505.
    @Test
    void whoTakesTheMailOfADomainIsKnownBeforeOneIsSent() throws Exception {
        try (var server = new Dnsmasq(
                mx("mx.test", "one.mx.test"),
                mx("mx.test", "two.mx.test"),
                "--host-record=v4.test,192.0.2.1",
                "--host-record=v6.test,2001:db8::1",
                "--cname=alias.test,mx.test",
                "--txt-record=text.test,x",
                nullMx("null.test"),
                "--host-record=null.test,192.0.2.1",
                nullMx("odd.test"),
                mx("odd.test", "one.mx.test"),
                Dnsmasq.caa("text.test", 0, "issuemail", ";"))) {
            var dns = asking(server.place());
            String both = dns.look("mx.test").mail();
            assertTrue(both.equals("one.mx.test two.mx.test") || both.equals("two.mx.test one.mx.test"), both);
            says("allowed", "v4.test (no MX)", dns.look("v4.test"));
            says("allowed", "v6.test (no MX)", dns.look("v6.test"));
            assertEquals("allowed", dns.look("alias.test").verdict());
            says("null-mx", ".", dns.look("null.test"));
            assertEquals("allowed", dns.look("odd.test").verdict());
            says("no-mail", "", dns.look("text.test"));
            says("no-domain", "", dns.look("none.test"));
            says("no-domain", "", dns.look("x".repeat(64) + ".test"));
            says("no-domain", "", dns.look(("y".repeat(60) + ".").repeat(5) + "test"));
            says("deep", "", dns.look("a.b.c.d.e.f.g.h.i.j.test"));
            assertEquals("unknown", dns.look("mx.test").dnssec(), "dnsmasq checks no signatures here");
        }
    }

    private static Record mailServer(String name) throws IOException {
        return new MXRecord(Name.fromString(name), DClass.IN, 60, 10, Name.fromString("mx.example.net."));
    }

    private static Record caa(String name, String value) throws IOException {
        return new CAARecord(Name.fromString(name), DClass.IN, 60, 0, "issuemail", value);
    }

    @Test
    void whatDnssecVouchesForIsWrittenDown() throws Exception {
        var all = FakeDns.of(List.of(mailServer("example.net."), caa("example.net.", CA)));
        try (var server = new FakeDns((question, answer) -> {
            answer.getHeader().setFlag(Flags.AD);
            all.to(question, answer);
        })) {
            assertEquals("secure", asking(server.place()).look("example.net").dnssec());
            // One of the answers is not vouched for, but the root is.
            server.say((question, answer) -> {
                if (question.getType() != Type.CAA) answer.getHeader().setFlag(Flags.AD);
                all.to(question, answer);
            });
            assertEquals("insecure", asking(server.place()).look("example.net").dnssec());
            server.say(all);
            assertEquals("unknown", asking(server.place()).look("example.net").dnssec());
        }
    }

    @Test
    void aServerElsewhereIsNotBelievedThatItChecked() throws Exception {
        for (String each : List.of("127.0.0.1", "[::1]:5353", "localhost")) assertTrue(isTrusted(NameServer.at(each)));
        assertFalse(isTrusted(NameServer.at("192.0.2.1")));
        assertFalse(isTrusted(NameServer.SYSTEM));
        // Unless the operator says so.
        assertTrue(isTrusted(new NameServer(Optional.of("192.0.2.1"), true)));
        assertThrows(IllegalArgumentException.class, () -> new NameServer(Optional.empty(), true));
        for (String each : List.of("", "a b", "::1", "none.invalid", "//x")) {
            var server = NameServer.at(each);
            assertThrows(IOException.class, () -> new MailDomain(server, CA, Clock.systemUTC()), each);
        }
    }

    private boolean isTrusted(NameServer server) throws IOException {
        return new DnsLookups(server, Duration.ofSeconds(1), Duration.ofSeconds(1), clock).isTrusted();
    }

    @Test
    void answersAreKeptForAsLongAsTheySay() throws Exception {
        var all = FakeDns.of(List.of(mailServer("example.net."), caa("example.net.", CA)));
        try (var server = new FakeDns(all)) {
            var dns = asking(server.place());
            assertEquals("allowed", dns.look("example.net").verdict());
            int before = server.asked.size();
            server.say(FakeDns.of(List.of(mailServer("example.net."), caa("example.net.", ";"))));
            clock.pass(Duration.ofSeconds(59));
            assertEquals("allowed", dns.look("example.net").verdict());
            assertEquals(1, server.asked.size() - before, "the root, which said not for how long there is nothing");
            clock.pass(Duration.ofSeconds(2));
            assertEquals("caa-others", dns.look("example.net").verdict());
        }
    }

    @Test
    void thatThereIsNothingIsKeptForAMinuteAtMost() throws Exception {
        try (var server = new FakeDns((question, answer) -> FakeDns.keep(question, answer, 86_400))) {
            var dns = asking(server.place());
            assertEquals("no-mail", dns.look("example.net").verdict());
            server.say(FakeDns.of(List.of(new ARecord(
                    Name.fromString("example.net."), DClass.IN, 60, java.net.InetAddress.getByAddress(new byte[] {
                        127, 0, 0, 1
                    })))));
            clock.pass(Duration.ofSeconds(59));
            assertEquals("no-mail", dns.look("example.net").verdict());
            clock.pass(Duration.ofSeconds(2));
            assertEquals("allowed", dns.look("example.net").verdict());
            assertTrue(server.asked.contains("net CAA"), server.asked::toString);
        }
    }

    @Test
    void whatAnswersSayIsWrittenDownFitForATerminal() throws Exception {
        var name = Name.fromString("example.net.");
        var evil = new MXRecord(name, DClass.IN, 60, 1, Name.fromString("\\027[2J\\010.example.net."));
        var worse = new CAARecord(name, DClass.IN, 60, 0, "iodef", "\\027]0;x\\007" + "y".repeat(200));
        try (var server = new FakeDns((question, answer) -> {
            for (int i = 0; i < 40; i++)
                if (question.getType() == Type.MX) answer.addRecord(evil, Section.ANSWER);
                else
                    answer.addRecord(
                            new CAARecord(name, DClass.IN, 60, 0, "iodef", worse.getValue() + i), Section.ANSWER);
        })) {
            DomainLook look = asking(server.place()).look("example.net");
            assertEquals("allowed", look.verdict());
            String all = look.mail() + look.caa();
            assertTrue(all.chars().allMatch(c -> c >= 0x20 && c < 0x7f || c == '…'), all);
            assertTrue(all.length() < 4_100, () -> "" + all.length());
        }
    }
}
