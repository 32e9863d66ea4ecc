package dev.starling.mail;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.Dnsmasq;
import dev.starling.ca.validation.Replies;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;

/// DKIM keys out of the DNS: of dnsmasq, a real server as Debian has it, and of one that is not well-behaved.
class DnsDkimKeysTest {
    private static final int PATIENCE_SECONDS = 20;
    private Optional<Dnsmasq> server = Optional.empty();
    private Optional<DatagramSocket> socket = Optional.empty();

    private static DnsDkimKeys asking(int port, Duration patience) throws IOException {
        return new DnsDkimKeys(NameServer.at("127.0.0.1:" + port), patience);
    }

    private DnsDkimKeys dnsmasq(String... records) throws Exception {
        var all = new ArrayList<>(List.of("--edns-packet-max=512"));
        all.addAll(List.of(records));
        server = Optional.of(new Dnsmasq(all.toArray(String[]::new)));
        return new DnsDkimKeys(NameServer.at(server.get().place()), Duration.ofSeconds(PATIENCE_SECONDS));
    }

    private interface Answering {
        void answer(Message answer, Name asked) throws IOException;
    }

    private DnsDkimKeys fake(Answering how) throws IOException {
        var open = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        socket = Optional.of(open);
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    var packet = new DatagramPacket(new byte[2_000], 2_000);
                    open.receive(packet);
                    var question = new Message(Arrays.copyOf(packet.getData(), packet.getLength()));
                    var answer = new Message(question.getHeader().getID());
                    answer.getHeader().setFlag(Flags.QR);
                    answer.getHeader().setFlag(Flags.RA);
                    answer.addRecord(question.getQuestion(), Section.QUESTION);
                    // Only who sets the bit is told.
                    if (!question.getHeader().getFlag(Flags.AD))
                        answer.getHeader().setRcode(Rcode.REFUSED);
                    how.answer(answer, question.getQuestion().getName());
                    byte[] bytes = answer.toWire();
                    open.send(new DatagramPacket(bytes, bytes.length, packet.getSocketAddress()));
                }
            } catch (IOException e) {
                assertTrue(open.isClosed(), e::toString);
            }
        });
        return asking(open.getLocalPort(), Duration.ofSeconds(PATIENCE_SECONDS));
    }

    @AfterEach
    void stop() {
        socket.ifPresent(DatagramSocket::close);
        server.ifPresent(Dnsmasq::close);
    }

    @Test
    void keysAreReadFromARealServer() throws Exception {
        String large = Mails.txt(Mails.rsa(4096));
        var keys = dnsmasq(
                "--txt-record=sel._domainkey.example.net," + strings(Mails.KEY_TXT),
                "--txt-record=large._domainkey.example.net," + strings(large),
                "--txt-record=huge._domainkey.example.net," + strings("x".repeat(4_200)),
                "--txt-record=two._domainkey.example.net,a",
                "--txt-record=two._domainkey.example.net,b",
                "--cname=alias._domainkey.example.net,sel._domainkey.example.net");
        assertEquals(List.of(Mails.KEY_TXT), keys.find("sel", "example.net").txt());
        assertEquals(List.of(Mails.KEY_TXT), keys.find("alias", "example.net").txt(), "by its alias");
        assertTrue(large.length() > 512);
        assertEquals(List.of(large), keys.find("large", "example.net").txt(), "by TCP");
        var e = assertThrows(IOException.class, () -> keys.find("huge", "example.net"));
        assertTrue(String.valueOf(e.getMessage()).startsWith("a TXT record is too long"), e::toString);
        assertEquals(2, keys.find("two", "example.net").txt().size());
        assertEquals(new DkimKeys.Answer(List.of(), false), keys.find("none", "example.net"));
        assertFalse(keys.find("sel", "example.net").authentic());
        assertEquals(List.of(), keys.find("sel", "x".repeat(64) + ".net").txt());
        // And a whole reply with it.
        var replies = new Replies(Mails.CA, DkimPolicy.STRICT, keys, new Mails.Open(), () -> Mails.NOW);
        assertInstanceOf(Replies.Outcome.Taken.class, replies.take(Mails.incoming(Mails.signed(Mails.PLAIN))));
    }

    /// As dnsmasq wants it: commas between the strings of a record.
    private static String strings(String txt) {
        return txt.replaceAll("(.{200})(?=.)", "$1,");
    }

    @Test
    void whatDnssecVouchesForIsKnown() throws Exception {
        var keys = fake((answer, name) -> {
            answer.getHeader().setFlag(Flags.AD);
            answer.addRecord(new TXTRecord(name, DClass.IN, 60, List.of("v=DKIM1; ", "p=x")), Section.ANSWER);
        });
        assertEquals(new DkimKeys.Answer(List.of("v=DKIM1; p=x"), true), keys.find("sel", "example.net"));
        // The same of a server elsewhere, whose bit anybody between could set.
        var here = NameServer.at("127.0.0.1:" + socket.orElseThrow().getLocalPort())
                .open(Duration.ofSeconds(PATIENCE_SECONDS));
        var elsewhere = new DnsDkimKeys(new NameServer.Asked(here.resolver(), false));
        assertEquals(new DkimKeys.Answer(List.of("v=DKIM1; p=x"), false), elsewhere.find("sel", "example.net"));
    }

    @Test
    void aServerElsewhereIsBelievedOnlyWhereItsOperatorSaysSo() throws Exception {
        var patience = Duration.ofSeconds(1);
        assertTrue(NameServer.at("127.0.0.1:5353").open(patience).believed());
        assertFalse(NameServer.at("192.0.2.1").open(patience).believed());
        assertFalse(NameServer.SYSTEM.open(patience).believed());
        assertTrue(new NameServer(Optional.of("192.0.2.1"), true).open(patience).believed());
    }

    @Test
    void aliasesThatLeadToOthersForEverEnd() throws Exception {
        var asked = new AtomicInteger();
        var keys = fake((answer, name) -> {
            var next = Name.fromString("a" + asked.incrementAndGet() + ".example.net.");
            answer.addRecord(new CNAMERecord(name, DClass.IN, 60, next), Section.ANSWER);
        });
        assertThrows(IOException.class, () -> keys.find("sel", "example.net"));
        assertTrue(asked.get() <= 8, asked::toString);
    }

    @Test
    void tooManyRecordsAreNoAnswer() throws Exception {
        var many = fake((answer, name) -> {
            for (int i = 0; i < 9; i++) answer.addRecord(new TXTRecord(name, DClass.IN, 60, "" + i), Section.ANSWER);
        });
        assertThrows(IOException.class, () -> many.find("sel", "example.net"));
    }

    @Test
    void aServerInTroubleIsNotTakenForNoKey() throws Exception {
        var failing = fake((answer, _) -> answer.getHeader().setRcode(Rcode.SERVFAIL));
        assertThrows(IOException.class, () -> failing.find("sel", "example.net"));
        stop();
        // Nor one that only points to others.
        var pointing = fake((answer, _) -> answer.getHeader().unsetFlag(Flags.RA));
        assertThrows(IOException.class, () -> pointing.find("sel", "example.net"));
        stop();
        // BADVERS: most of its bits are in the OPT record, the others say NOERROR.
        var extended = fake((answer, _) -> answer.addRecord(new OPTRecord(1_280, 1, 0), Section.ADDITIONAL));
        assertThrows(IOException.class, () -> extended.find("sel", "example.net"));
        try (var silent = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            long start = System.nanoTime();
            var keys = asking(silent.getLocalPort(), Duration.ofMillis(300));
            assertThrows(IOException.class, () -> keys.find("sel", "example.net"));
            assertTrue(Duration.ofNanos(System.nanoTime() - start).toSeconds() < PATIENCE_SECONDS);
        }
    }
}
