package dev.starling.ca.validation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.mail.NameServer;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.CAARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// A DNS that lies, floods, or does not answer: nothing is known then, so nothing is allowed; and it costs little.
class HostileDnsTest {
    private static final String CA = "ca.example.net", DOMAIN = "example.net";
    private static final Duration QUESTION = Duration.ofMillis(700), WHOLE = Duration.ofMillis(1_500);

    private static MailDomain asking(String place) throws IOException {
        var lookups = new DnsLookups(NameServer.at(place), QUESTION, WHOLE, Clock.systemUTC());
        return new MailDomain(lookups, CA, Clock.systemUTC());
    }

    private static void nothingIsKnown(FakeDns server) throws IOException {
        MailDomain dns = asking(server.place());
        long start = System.nanoTime();
        assertThrows(IOException.class, () -> dns.look(DOMAIN));
        assertTrue(Duration.ofNanos(System.nanoTime() - start).toSeconds() < 10);
        assertTrue(server.asked.size() <= DnsLookups.MAX_QUESTIONS, server.asked::toString);
    }

    /// Everything is well, but for what a test adds.
    private static void good(Record question, Message answer) throws IOException {
        if (question.getType() == Type.MX)
            answer.addRecord(
                    new MXRecord(question.getName(), DClass.IN, 60, 10, Name.fromString("mx.example.net.")),
                    Section.ANSWER);
    }

    @Test
    void withNothingWrongItIsAllowed() throws Exception {
        try (var server = new FakeDns(HostileDnsTest::good)) {
            assertEquals("allowed", asking(server.place()).look(DOMAIN).verdict());
            assertEquals(List.of("example.net MX", "example.net CAA", "net CAA", ". SOA"), server.asked);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Rcode.SERVFAIL, Rcode.REFUSED, Rcode.NOTIMP, Rcode.FORMERR, Rcode.YXDOMAIN})
    void aServerInTroubleIsNotTakenForNoRecords(int rcode) throws Exception {
        try (var server = new FakeDns((question, answer) -> {
            good(question, answer);
            if (question.getType() == Type.CAA) answer.getHeader().setRcode(rcode);
        })) {
            nothingIsKnown(server);
        }
    }

    @Test
    void troubleAboveTheDomainIsTroubleToo() throws Exception {
        try (var server = new FakeDns((question, answer) -> {
            good(question, answer);
            if (question.getName().labels() == 2) answer.getHeader().setRcode(Rcode.SERVFAIL);
        })) {
            nothingIsKnown(server);
        }
    }

    @Test
    void whoeverOnlyPointsToOthersKnowsNothing() throws Exception {
        try (var server = new FakeDns((question, answer) -> {
            good(question, answer);
            if (question.getType() == Type.CAA) answer.getHeader().unsetFlag(Flags.RA);
        })) {
            nothingIsKnown(server);
            server.say((question, answer) -> {
                good(question, answer);
                answer.getHeader().unsetFlag(Flags.RA);
                answer.getHeader().setFlag(Flags.AA);
            });
            assertEquals("allowed", asking(server.place()).look(DOMAIN).verdict(), "who has it itself does");
        }
    }

    @Test
    void silenceEnds() throws Exception {
        try (var silent = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            MailDomain dns = asking("127.0.0.1:" + silent.getLocalPort());
            long start = System.nanoTime();
            assertThrows(IOException.class, () -> dns.look(DOMAIN));
            assertTrue(Duration.ofNanos(System.nanoTime() - start).toSeconds() < 10);
        }
    }

    @Test
    void slowAnswersToAllQuestionsTogetherEnd() throws Exception {
        try (var server = new FakeDns((question, answer) -> {
            good(question, answer);
            try {
                Thread.sleep(400);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        })) {
            MailDomain dns = asking(server.place());
            long start = System.nanoTime();
            assertThrows(IOException.class, () -> dns.look("a.b.c.d.e.f.g.example.net"));
            assertTrue(Duration.ofNanos(System.nanoTime() - start).toMillis() < 5_000);
            assertTrue(server.asked.size() < 6, server.asked::toString);
        }
    }

    @Test
    void aliasesInACircleEnd() throws Exception {
        try (var server = new FakeDns((question, answer) -> {
            good(question, answer);
            if (question.getType() == Type.CAA) {
                Name other = Name.fromString("example.org.");
                answer.addRecord(new CNAMERecord(question.getName(), DClass.IN, 60, other), Section.ANSWER);
                answer.addRecord(new CNAMERecord(other, DClass.IN, 60, question.getName()), Section.ANSWER);
            }
        })) {
            nothingIsKnown(server);
        }
        var asked = new AtomicInteger();
        try (var server = new FakeDns((question, answer) -> {
            good(question, answer);
            if (question.getType() != Type.CAA) return;
            var next = Name.fromString("a" + asked.incrementAndGet() + ".example.net.");
            answer.addRecord(new CNAMERecord(question.getName(), DClass.IN, 60, next), Section.ANSWER);
        })) {
            nothingIsKnown(server);
            assertTrue(asked.get() <= DnsLookups.MAX_ALIASES, asked::toString);
        }
    }

    @Test
    void anAliasOfItselfIsNoAnswer() throws Exception {
        try (var server = new FakeDns((question, answer) -> {
            if (question.getType() == Type.MX) good(question, answer);
            else
                answer.addRecord(
                        new CNAMERecord(question.getName(), DClass.IN, 60, question.getName()), Section.ANSWER);
        })) {
            nothingIsKnown(server);
        }
    }

    private static Record caa(Name name, String value) {
        return new CAARecord(name, DClass.IN, 60, 0, "issuemail", value);
    }

    @Test
    void anAnswerThatIsTooLongForAPacketComesByTcp() throws Exception {
        try (var server = new FakeDns((question, answer) -> {
            good(question, answer);
            if (question.getType() == Type.CAA)
                for (int i = 0; i < 60; i++)
                    answer.addRecord(caa(question.getName(), i == 59 ? CA : "other" + i + ".example"), Section.ANSWER);
        })) {
            assertEquals("allowed", asking(server.place()).look(DOMAIN).verdict());
            assertEquals(
                    2, server.asked.stream().filter("example.net CAA"::equals).count(), "by UDP, then by TCP");
        }
    }

    @Test
    void tooManyRecordsAndTooManyOctetsAreNoAnswer() throws Exception {
        try (var server = new FakeDns((question, answer) -> {
            good(question, answer);
            if (question.getType() == Type.CAA)
                for (int i = 0; i <= DnsLookups.MAX_RECORDS; i++)
                    answer.addRecord(caa(question.getName(), CA + ";i=" + i), Section.ANSWER);
        })) {
            nothingIsKnown(server);
            server.say((question, answer) -> {
                good(question, answer);
                if (question.getType() == Type.CAA)
                    for (int i = 0; i < 60; i++)
                        answer.addRecord(caa(question.getName(), CA + ";" + i + "=" + "x".repeat(225)), Section.ANSWER);
            });
            MailDomain dns = asking(server.place());
            assertEquals("allowed", dns.look(DOMAIN).verdict(), "16 KB");
            server.say((question, answer) -> {
                good(question, answer);
                if (question.getType() == Type.CAA)
                    for (int i = 0; i < 64; i++)
                        answer.addRecord(caa(question.getName(), CA + ";" + i + "=" + "x".repeat(235)), Section.ANSWER);
            });
            nothingIsKnown(server);
        }
    }

    /// What is done to the octets of answers that say who takes the mail.
    private static FakeDns changed(FakeDns.Octets octets) throws IOException {
        return new FakeDns(HostileDnsTest::good, octets);
    }

    @Test
    void answersToOtherQuestionsAreNoAnswers() throws Exception {
        try (var server = changed((answer, _) -> {
            answer[1] ^= 1;
            return answer;
        })) {
            nothingIsKnown(server);
        }
        // Of another name, under the right number.
        try (var server = changed((answer, _) -> {
            answer[13] ^= 1;
            return answer;
        })) {
            nothingIsKnown(server);
        }
        try (var server = new FakeDns((question, answer) -> {
            good(question, answer);
            // Nobody asked for the records of that one.
            answer.addRecord(caa(Name.fromString("example.org."), ";"), Section.ANSWER);
            answer.addRecord(caa(Name.fromString("example.net."), ";"), Section.ADDITIONAL);
            answer.addRecord(caa(Name.fromString("example.net."), ";"), Section.AUTHORITY);
        })) {
            assertEquals("allowed", asking(server.place()).look(DOMAIN).verdict());
        }
    }

    @Test
    void answersThatAreCutShortAreNoAnswers() throws Exception {
        for (int left : new int[] {0, 1, 11, 12, 20, 30, 40})
            try (var server = changed((answer, _) -> Arrays.copyOf(answer, Math.min(left, answer.length)))) {
                nothingIsKnown(server);
            }
        // Says that the rest is to be had by TCP, and gives nothing there.
        try (var server = changed((answer, tcp) -> {
            if (tcp) throw new IOException("no more");
            answer[2] |= 0x02;
            return answer;
        })) {
            nothingIsKnown(server);
        }
    }

    @Test
    void noiseIsNoAnswer() throws Exception {
        var random = new Random(5);
        for (int i = 0; i < 12; i++)
            try (var server = changed((answer, _) -> {
                byte[] noise = new byte[200];
                random.nextBytes(noise);
                System.arraycopy(answer, 0, noise, 0, 4);
                return noise;
            })) {
                nothingIsKnown(server);
            }
    }

    @Test
    void nobodyIsConnectedToBecauseAnAnswerNamesHim() throws Exception {
        try (var victim = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                var server = new FakeDns((question, answer) -> {
                    String url = "http://127.0.0.1:" + victim.getLocalPort() + "/report";
                    if (question.getType() == Type.MX)
                        answer.addRecord(
                                new MXRecord(question.getName(), DClass.IN, 60, 1, Name.fromString("127.0.0.1.")),
                                Section.ANSWER);
                    if (question.getType() != Type.CAA) return;
                    answer.addRecord(new CAARecord(question.getName(), DClass.IN, 60, 0, "iodef", url), Section.ANSWER);
                    answer.addRecord(caa(question.getName(), ";"), Section.ANSWER);
                })) {
            victim.setSoTimeout(500);
            assertEquals("caa-others", asking(server.place()).look(DOMAIN).verdict());
            assertEquals(List.of("example.net MX", "example.net CAA", ". SOA"), server.asked, "not where 127.0.0.1 is");
            assertThrows(java.net.SocketTimeoutException.class, victim::accept);
        }
    }
}
