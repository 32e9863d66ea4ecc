package dev.starling.sip.locating;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Dnsmasq;
import dev.starling.StandingClock;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Section;

/// The DNS of a real server, dnsmasq as Debian has it.
class DnsTest {
    private Optional<Dnsmasq> server = Optional.empty();

    private Dns dns(Clock clock, String... records) throws Exception {
        var all = new ArrayList<>(List.of("--local-ttl=60", "--local=/example/"));
        all.addAll(List.of(records));
        server = Optional.of(new Dnsmasq(all.toArray(String[]::new)));
        return new Dns(Optional.of(server.get().place()), Duration.ofSeconds(2), clock);
    }

    @AfterEach
    void stop() {
        server.ifPresent(Dnsmasq::close);
        server = Optional.empty();
    }

    @Test
    void rulesServicesAndAddressesAreRead() throws Exception {
        Dns dns = dns(
                Clock.systemUTC(),
                "--naptr-record=classic.example,10,20,S,SIPS+D2T,,_sips._tcp.classic.example",
                "--naptr-record=classic.example,10,30,u,E2U+sip,!^.*$!sip:info@classic.example!,.",
                "--srv-host=_sips._tcp.classic.example,SIP.classic.example,5061,1,2",
                "--host-record=sip.classic.example,192.0.2.7,2001:db8::7",
                "--cname=alias.example,sip.classic.example");
        var rules = dns.naptr("classic.example");
        assertEquals(2, rules.size());
        assertTrue(rules.contains(new Names.Naptr(10, 20, "s", "SIPS+D2T", "_sips._tcp.classic.example")));
        // One with a regular expression leads nowhere.
        assertTrue(rules.contains(new Names.Naptr(10, 30, "u", "E2U+SIP", "")));
        assertEquals(List.of(new Srv(1, 2, 5061, "sip.classic.example")), dns.srv("_sips._tcp.classic.example"));
        var addresses = List.of(InetAddress.ofLiteral("192.0.2.7"), InetAddress.ofLiteral("2001:db8::7"));
        assertEquals(addresses, dns.addresses("sip.classic.example"));
        assertEquals(addresses, dns.addresses("alias.example"), "by its alias");
        assertEquals(List.of(), dns.naptr("nothing.example"));
        assertEquals(List.of(), dns.addresses("nothing.example"));
    }

    @Test
    void whatIsKnownIsNotAskedForAgainBeforeItsTime() throws Exception {
        var clock = new StandingClock();
        Dns dns = dns(clock, "--host-record=sip.classic.example,192.0.2.7,2001:db8::7");
        var known = dns.addresses("sip.classic.example");
        assertEquals(2, known.size());
        stop();
        clock.pass(Duration.ofSeconds(59));
        assertEquals(known, dns.addresses("sip.classic.example"));
        clock.pass(Duration.ofSeconds(2));
        // And that nobody answers is not taken for "there is none".
        assertThrows(IOException.class, () -> dns.addresses("sip.classic.example"));
    }

    @Test
    void aliasesThatLeadToOthersForEverEnd() throws Exception {
        try (var socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> answerWithAliases(socket));
            var dns = new Dns(
                    Optional.of("127.0.0.1:" + socket.getLocalPort()), Duration.ofSeconds(5), Clock.systemUTC());
            var e = assertThrows(IOException.class, () -> dns.addresses("a.example"));
            assertEquals("too many aliases, from a.example.", e.getMessage());
        }
    }

    /// To each question, that its name is an alias of a longer one.
    private static void answerWithAliases(DatagramSocket socket) {
        try {
            while (true) {
                var packet = new DatagramPacket(new byte[2_000], 2_000);
                socket.receive(packet);
                var question = new Message(Arrays.copyOf(packet.getData(), packet.getLength()));
                var name = question.getQuestion().getName();
                var answer = new Message(question.getHeader().getID());
                answer.getHeader().setFlag(Flags.QR);
                answer.addRecord(question.getQuestion(), Section.QUESTION);
                answer.addRecord(new CNAMERecord(name, DClass.IN, 60, Name.fromString("a." + name)), Section.ANSWER);
                byte[] bytes = answer.toWire();
                socket.send(new DatagramPacket(bytes, bytes.length, packet.getSocketAddress()));
            }
        } catch (IOException e) {
            // The test is over.
        }
    }

    @Test
    void aNameThatIsNoneIsNotAskedFor() throws Exception {
        var dns = new Dns(Optional.of("127.0.0.1:9"), Duration.ofSeconds(1), Clock.systemUTC());
        assertThrows(IOException.class, () -> dns.addresses("a".repeat(64) + ".example"));
    }

    @Test
    void anAnswerTooLongForADatagramIsReadWholeAndNoFurtherThanTheBound() throws Exception {
        var records = new ArrayList<String>();
        for (int i = 0; i < 60; i++)
            records.add("--srv-host=_sip._udp.long.example,host-with-a-long-name-" + i + ".long.example,5060,1,1");
        Dns dns = dns(Clock.systemUTC(), records.toArray(String[]::new));
        assertEquals(Dns.MAX_RECORDS, dns.srv("_sip._udp.long.example").size());
    }
}
