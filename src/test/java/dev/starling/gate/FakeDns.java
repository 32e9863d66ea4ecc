package dev.starling.gate;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/// A DNS server on the loopback, over UDP and TCP, that answers what it was told to, byte by byte.
final class FakeDns implements AutoCloseable {
    /// The bytes of an answer to the bytes of a question; empty for none.
    interface Answer {
        byte[] to(byte[] question);
    }

    static final Answer SILENCE = _ -> new byte[0];
    private static final int SRV = 33, LONGEST_OVER_UDP = 512, HEADER = 12;

    final List<String> asked = new CopyOnWriteArrayList<>();
    /// Bytes of an answer over TCP, and how long to wait after each; 0: at once.
    volatile int dripMillis;

    private final Map<String, Answer> answers = new ConcurrentHashMap<>();
    private final ServerSocket tcp;
    private final DatagramSocket udp;

    FakeDns() throws IOException {
        tcp = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        udp = new DatagramSocket(tcp.getLocalPort(), InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::overUdp);
        Thread.ofVirtual().start(this::overTcp);
    }

    String place() {
        return "127.0.0.1:" + tcp.getLocalPort();
    }

    void tell(String name, Answer answer) {
        answers.put(name, answer);
    }

    /// Service records as `priority weight port target`.
    static Answer srv(String... records) {
        return question -> {
            var all = new ArrayList<byte[]>();
            for (String record : records) {
                String[] parts = record.split(" ", 4);
                var data = ByteBuffer.allocate(300);
                for (int i = 0; i < 3; i++) data.putShort((short) Integer.parseInt(parts[i]));
                data.put(name(parts[3]));
                all.add(Arrays.copyOf(data.array(), data.position()));
            }
            return message(question, 0, all.size(), all);
        };
    }

    /// NXDOMAIN 3, SERVFAIL 2.
    static Answer error(int code) {
        return question -> message(question, code, 0, List.of());
    }

    /// @param claimed how many answers the header says there are
    static byte[] message(byte[] question, int code, int claimed, List<byte[]> data) {
        var out = new ByteArrayOutputStream();
        var head = ByteBuffer.allocate(HEADER);
        head.put(question, 0, 2)
                .putShort((short) (0x8180 | code))
                .putShort((short) 1)
                .putShort((short) claimed)
                .putInt(0);
        out.writeBytes(head.array());
        out.write(question, HEADER, endOfName(question) + 4 - HEADER);
        for (byte[] each : data) {
            var record = ByteBuffer.allocate(HEADER + each.length);
            record.putShort((short) 0xc00c).putShort((short) SRV).putShort((short) 1);
            record.putInt(60).putShort((short) each.length).put(each);
            out.writeBytes(record.array());
        }
        return out.toByteArray();
    }

    /// Where the question's name ends.
    private static int endOfName(byte[] question) {
        int at = HEADER;
        while (question[at] != 0) at += question[at] + 1;
        return at + 1;
    }

    static byte[] name(String text) {
        var out = new ByteArrayOutputStream();
        for (String label : text.split("\\.")) {
            byte[] bytes = label.getBytes(StandardCharsets.ISO_8859_1);
            out.write(bytes.length);
            out.writeBytes(bytes);
        }
        out.write(0);
        return out.toByteArray();
    }

    private static String asked(byte[] question) {
        var labels = new ArrayList<String>();
        for (int at = HEADER; question[at] != 0; at += question[at] + 1)
            labels.add(new String(question, at + 1, question[at], StandardCharsets.ISO_8859_1));
        return String.join(".", labels).toLowerCase(Locale.ROOT);
    }

    private byte[] answer(byte[] question) {
        String name = asked(question);
        asked.add(name);
        return answers.getOrDefault(name, error(3)).to(question);
    }

    private void overUdp() {
        byte[] buffer = new byte[2048];
        while (!udp.isClosed()) {
            try {
                var packet = new DatagramPacket(buffer, buffer.length);
                udp.receive(packet);
                byte[] question = Arrays.copyOf(buffer, packet.getLength());
                byte[] answer = answer(question);
                // RFC 1035, section 4.2.1: truncated, to be asked again over TCP.
                if (answer.length > LONGEST_OVER_UDP) {
                    answer = message(question, 0, 0, List.of());
                    answer[2] |= 2;
                }
                if (answer.length > 0) udp.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void overTcp() {
        while (!tcp.isClosed()) {
            try {
                Socket socket = tcp.accept();
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            var in = new DataInputStream(socket.getInputStream());
            byte[] answer = answer(in.readNBytes(in.readUnsignedShort()));
            byte[] framed = ByteBuffer.allocate(answer.length + 2)
                    .putShort((short) answer.length)
                    .put(answer)
                    .array();
            var out = socket.getOutputStream();
            for (byte each : dripMillis > 0 ? framed : new byte[0]) {
                out.write(each);
                Thread.sleep(dripMillis);
            }
            if (dripMillis == 0) out.write(framed);
        } catch (IOException e) {
            // Who asked has gone: that is what some tests are about.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException {
        udp.close();
        tcp.close();
    }
}
