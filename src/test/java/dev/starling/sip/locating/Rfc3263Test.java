package dev.starling.sip.locating;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.locating.Hop.Transport;
import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipUri;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// Where the servers of a URI are: section 4 of RFC 3263, with a DNS that is a table.
class Rfc3263Test {
    private static final class Zone implements Names {
        final Map<String, List<Naptr>> naptr = new HashMap<>();
        final Map<String, List<Srv>> srv = new HashMap<>();
        final Set<String> silent = new HashSet<>();
        final List<String> asked = new ArrayList<>();

        private <T> List<T> of(Map<String, List<T>> records, String name) throws IOException {
            asked.add(name);
            if (silent.contains(name)) throw new IOException("no answer");
            return records.getOrDefault(name, List.of());
        }

        @Override
        public List<Naptr> naptr(String domain) throws IOException {
            return of(naptr, domain);
        }

        @Override
        public List<Srv> srv(String name) throws IOException {
            return of(srv, name);
        }

        @Override
        public List<InetAddress> addresses(String host) {
            throw new AssertionError("addresses are looked up by whoever goes there");
        }
    }

    private final Zone zone = new Zone();

    private List<Hop> hops(String uri) throws SipException {
        return new NextHops(zone, new SplittableRandom(1)).of(SipUri.parse(uri));
    }

    private static Hop hop(Transport transport, String host, int port) {
        return new Hop(transport, host, port, "example.com");
    }

    private void rule(int order, int preference, String service, String replacement) {
        zone.naptr
                .computeIfAbsent("example.com", _ -> new ArrayList<>())
                .add(new Names.Naptr(order, preference, "s", service, replacement));
    }

    private void place(String name, int priority, int port, String target) {
        zone.srv.computeIfAbsent(name, _ -> new ArrayList<>()).add(new Srv(priority, 1, port, target));
    }

    private int refused(String uri) {
        return assertThrows(SipException.class, () -> hops(uri)).status();
    }

    @Test
    void anAddressOrAPortInTheUriAsksTheDnsForNothing() throws SipException {
        assertEquals(List.of(new Hop(Transport.UDP, "192.0.2.1", 5060, "192.0.2.1")), hops("sip:bob@192.0.2.1"));
        assertEquals(
                List.of(new Hop(Transport.TLS, "[2001:db8::1]", 5061, "[2001:db8::1]")),
                hops("sips:bob@[2001:db8::1]"));
        assertEquals(
                List.of(new Hop(Transport.TCP, "192.0.2.1", 5080, "192.0.2.1")),
                hops("sip:bob@192.0.2.1:5080;transport=tcp"));
        assertEquals(List.of(hop(Transport.UDP, "example.com", 5070)), hops("sip:bob@example.com:5070"));
        assertEquals(List.of(hop(Transport.TLS, "example.com", 5070)), hops("sips:bob@example.com:5070"));
        assertEquals(List.of(), zone.asked);
    }

    @Test
    void aTransportInTheUriIsTakenAndItsServiceRecordsAsked() throws SipException {
        place("_sip._tcp.example.com", 1, 5062, "tcp.example.com");
        assertEquals(List.of(hop(Transport.TCP, "tcp.example.com", 5062)), hops("sip:bob@example.com;transport=tcp"));
        assertEquals(List.of(hop(Transport.UDP, "example.com", 5060)), hops("sip:bob@example.com;transport=UDP"));
        assertEquals(List.of(hop(Transport.TLS, "example.com", 5061)), hops("sip:bob@example.com;transport=tls"));
        // A sips URI by TCP is TLS.
        assertEquals(List.of(hop(Transport.TLS, "example.com", 5061)), hops("sips:bob@example.com;transport=tcp"));
        assertEquals(416, refused("sip:bob@example.com;transport=sctp"));
        assertEquals(416, refused("sips:bob@example.com;transport=udp"));
    }

    @Test
    void naptrRulesAreTakenByOrderAndPreference() throws SipException {
        rule(100, 20, "SIP+D2T", "tcp.example.org");
        rule(100, 10, "SIP+D2U", "udp.example.org");
        rule(50, 10, "SIP+D2S", "sctp.example.org");
        rule(10, 10, "E2U+SIP", "other.example.org");
        place("udp.example.org", 1, 5060, "a.example.org");
        place("tcp.example.org", 1, 5060, "b.example.org");
        place("sctp.example.org", 1, 5060, "c.example.org");
        // The domain stays that of the URI: a certificate must be for it (RFC 5922).
        assertEquals(
                List.of(hop(Transport.UDP, "a.example.org", 5060), hop(Transport.TCP, "b.example.org", 5060)),
                hops("sip:bob@example.com"));
    }

    @Test
    void aDomainThatOffersTlsIsAskedByTlsAlone() throws SipException {
        rule(10, 10, "SIP+D2U", "udp.example.org");
        rule(20, 10, "SIPS+D2T", "tls.example.org");
        place("udp.example.org", 1, 5060, "a.example.org");
        place("tls.example.org", 2, 5061, "c.example.org");
        place("tls.example.org", 1, 5061, "b.example.org");
        assertEquals(
                List.of(hop(Transport.TLS, "b.example.org", 5061), hop(Transport.TLS, "c.example.org", 5061)),
                hops("sip:bob@example.com"));
    }

    @Test
    void aSipsUriTakesNoRuleWithoutTls() throws SipException {
        rule(10, 10, "SIP+D2T", "tcp.example.org");
        place("tcp.example.org", 1, 5060, "a.example.org");
        assertEquals(List.of(hop(Transport.TLS, "example.com", 5061)), hops("sips:bob@example.com"));
    }

    @Test
    void withoutNaptrTheServiceRecordsOfEachTransportAreAskedTlsFirst() throws SipException {
        place("_sip._udp.example.com", 1, 5060, "u.example.com");
        place("_sip._tcp.example.com", 1, 5060, "t.example.com");
        assertEquals(
                List.of(hop(Transport.TCP, "t.example.com", 5060), hop(Transport.UDP, "u.example.com", 5060)),
                hops("sip:bob@example.com"));
        place("_sips._tcp.example.com", 1, 5061, "s.example.com");
        assertEquals(List.of(hop(Transport.TLS, "s.example.com", 5061)), hops("sip:bob@example.com"));
    }

    @Test
    void withoutAnythingItIsTheDomainItselfByUdp() throws SipException {
        assertEquals(List.of(hop(Transport.UDP, "example.com", 5060)), hops("sip:bob@example.com"));
        assertEquals(List.of(hop(Transport.TLS, "example.com", 5061)), hops("sips:bob@example.com"));
    }

    @Test
    void aDomainThatSaysThatItHasNoSipIsBelieved() {
        place("_sip._udp.example.com", 0, 0, "");
        assertEquals(404, refused("sip:bob@example.com"));
        place("_sips._tcp.example.com", 0, 0, "");
        assertEquals(404, refused("sips:bob@example.com"));
    }

    @Test
    void anAnswerThatIsKeptAwayNeverMeansThatThereIsNoTls() {
        place("_sip._udp.example.com", 1, 5060, "u.example.com");
        for (String name : List.of("example.com", "_sips._tcp.example.com")) {
            zone.silent.clear();
            zone.silent.add(name);
            assertEquals(503, refused("sip:bob@example.com"), name);
        }
    }

    @Test
    void prioritiesAreTakenInTurnAndWeightsByChance() {
        var records = List.of(
                new Srv(1, 30, 1, "a"), new Srv(1, 10, 1, "b"), new Srv(1, 0, 1, "c"), new Srv(2, 1000, 1, "d"));
        var random = new SplittableRandom(4);
        var firsts = new HashMap<String, Integer>();
        for (int i = 0; i < 4_000; i++) {
            var turn = Srv.inTurn(records, 9, random);
            assertEquals("d", turn.getLast().target());
            assertEquals(4, turn.size());
            firsts.merge(turn.getFirst().target(), 1, Integer::sum);
        }
        assertTrue(Math.abs(firsts.getOrDefault("a", 0) - 2_927) < 200, firsts::toString);
        assertTrue(Math.abs(firsts.getOrDefault("b", 0) - 976) < 150, firsts::toString);
        assertTrue(firsts.getOrDefault("c", 0) > 20, firsts::toString);
    }

    @Test
    void aThousandRecordsAreNotAThousandTries() throws SipException {
        for (int i = 0; i < 1_000; i++) place("_sip._tcp.example.com", 1, 5060, "t" + i + ".example.com");
        var hosts = new TreeSet<String>();
        for (Hop each : hops("sip:bob@example.com")) hosts.add(each.host());
        assertEquals(NextHops.MOST, hosts.size());
    }

    @Test
    void maddrIsWhereItGoesAndTheHostWhoItMustBe() throws SipException {
        assertEquals(List.of(hop(Transport.TLS, "192.0.2.7", 5061)), hops("sips:bob@example.com;maddr=192.0.2.7"));
    }
}
