package dev.starling.ca.validation;

import dev.starling.FreePort;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.xbill.DNS.CAARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/// A DNS server that says whatever a test wants, by UDP and TCP.
public final class FakeDns implements AutoCloseable {
    private static final int MAX_UDP = 1_200;

    /// What it says.
    public interface Saying {
        /// @param answer with the question in it and nothing else, which may be changed
        void to(Record question, Message answer) throws IOException;
    }

    /// What becomes of the octets of an answer.
    public interface Octets {
        byte[] of(byte[] answer, boolean tcp) throws IOException;
    }

    /// What was asked, as `name TYPE`.
    public final List<String> asked = new CopyOnWriteArrayList<>();

    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private volatile Saying saying;
    private final Octets octets;

    public FakeDns(Saying saying) throws IOException {
        this(saying, FakeDns::cut);
    }

    public FakeDns(Saying saying, Octets octets) throws IOException {
        this.saying = saying;
        this.octets = octets;
        int port = FreePort.next();
        udp = new DatagramSocket(port, InetAddress.getLoopbackAddress());
        tcp = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::packets);
        Thread.ofVirtual().start(this::connections);
    }

    public String place() {
        return "127.0.0.1:" + udp.getLocalPort();
    }

    /// From now on.
    public void say(Saying next) {
        saying = next;
    }

    /// As a server does: what is too long for a packet must be asked for by TCP (RFC 1035, section 4.2.1).
    static byte[] cut(byte[] answer, boolean tcp) {
        if (tcp || answer.length <= MAX_UDP) return answer;
        int end = 12;
        while (answer[end] != 0) end += answer[end] + 1;
        // The question stays.
        byte[] head = Arrays.copyOf(answer, end + 5);
        head[2] |= 0x02;
        Arrays.fill(head, 6, 12, (byte) 0);
        return head;
    }

    /// A mail server for every name, and for every name the same CAA records for mailboxes.
    public static Saying mail(String... issuers) {
        return (question, answer) -> {
            Name name = question.getName();
            if (question.getType() == Type.MX)
                answer.addRecord(
                        new MXRecord(name, DClass.IN, 0, 10, Name.fromString("mx.example.net.")), Section.ANSWER);
            if (question.getType() == Type.CAA)
                for (String each : issuers)
                    answer.addRecord(new CAARecord(name, DClass.IN, 0, 0, "issuemail", each), Section.ANSWER);
        };
    }

    /// That it cannot find out.
    public static void trouble(Record question, Message answer) {
        answer.getHeader().setRcode(Rcode.SERVFAIL);
    }

    /// Those records, and no others.
    public static Saying of(List<Record> records) {
        return (question, answer) -> {
            for (Record each : records)
                if (each.getName().equals(question.getName()) && each.getType() == question.getType())
                    answer.addRecord(each, Section.ANSWER);
        };
    }

    /// That it stays so for a while.
    static void keep(Record question, Message answer, long seconds) {
        answer.addRecord(
                new SOARecord(
                        question.getName(),
                        question.getDClass(),
                        seconds,
                        question.getName(),
                        question.getName(),
                        1,
                        1,
                        1,
                        1,
                        seconds),
                Section.AUTHORITY);
    }

    private byte[] answer(byte[] question, boolean byTcp) throws IOException {
        var asking = new Message(question);
        Record what = asking.getQuestion();
        asked.add(what.getName().toString(true) + " " + Type.string(what.getType()));
        var answer = new Message(asking.getHeader().getID());
        answer.getHeader().setFlag(Flags.QR);
        answer.getHeader().setFlag(Flags.RA);
        answer.addRecord(what, Section.QUESTION);
        saying.to(what, answer);
        return octets.of(answer.toWire(), byTcp);
    }

    private void packets() {
        try {
            while (true) {
                var packet = new DatagramPacket(new byte[2_000], 2_000);
                udp.receive(packet);
                byte[] bytes = answer(Arrays.copyOf(packet.getData(), packet.getLength()), false);
                if (bytes.length > 0) udp.send(new DatagramPacket(bytes, bytes.length, packet.getSocketAddress()));
            }
        } catch (IOException e) {
            if (!udp.isClosed()) throw new UncheckedIOException(e);
        }
    }

    private void connections() {
        try {
            while (true) {
                Socket one = tcp.accept();
                Thread.ofVirtual().start(() -> connection(one));
            }
        } catch (IOException e) {
            if (!tcp.isClosed()) throw new UncheckedIOException(e);
        }
    }

    private void connection(Socket socket) {
        try (socket;
                var in = new DataInputStream(socket.getInputStream());
                var out = new DataOutputStream(socket.getOutputStream())) {
            while (true) {
                byte[] bytes = answer(in.readNBytes(in.readUnsignedShort()), true);
                out.writeShort(bytes.length);
                out.write(bytes);
                out.flush();
            }
        } catch (IOException e) {
            // Who asks may go whenever it likes.
        }
    }

    @Override
    public void close() throws IOException {
        udp.close();
        tcp.close();
    }
}
