package dev.starling.sip.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.transport.Datagrams.Path;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// What every back end of [Datagrams] does, on the loopback.
abstract class DatagramsContract {
    private static final InetAddress HERE = InetAddress.ofLiteral("127.0.0.1");
    private final List<AutoCloseable> open = new ArrayList<>();

    /// @param longest datagrams with more bytes are dropped
    abstract Datagrams bind(InetSocketAddress address, int longest) throws IOException;

    private record Heard(byte[] datagram, Path path) {}

    private final class Ours implements Datagrams.Receiver {
        final Datagrams datagrams;
        final BlockingQueue<Heard> heard = new LinkedBlockingQueue<>();
        final BlockingQueue<Path> truncated = new LinkedBlockingQueue<>();
        private final BiConsumer<Datagrams, Heard> also;

        Ours(String host, int longest, BiConsumer<Datagrams, Heard> also) throws IOException {
            this.also = also;
            datagrams = bind(new InetSocketAddress(InetAddress.ofLiteral(host), 0), longest);
            open.add(datagrams);
            datagrams.start(this);
        }

        Ours(String host) throws IOException {
            this(host, Datagrams.MAX_BYTES, (_, _) -> {});
        }

        int port() {
            return datagrams.address().getPort();
        }

        Heard next() throws InterruptedException {
            return Optional.ofNullable(heard.poll(10, TimeUnit.SECONDS)).orElseThrow();
        }

        @Override
        public void received(byte[] datagram, Path path) {
            var each = new Heard(datagram, path);
            also.accept(datagrams, each);
            heard.add(each);
        }

        @Override
        public void truncated(Path path) {
            truncated.add(path);
        }
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable each : open.reversed()) each.close();
    }

    private DatagramSocket phone(String host) throws IOException {
        var socket = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral(host), 0));
        socket.setSoTimeout(10_000);
        socket.setReceiveBufferSize(4 << 20);
        open.add(socket);
        return socket;
    }

    private static void send(DatagramSocket from, byte[] bytes, String host, int port) throws IOException {
        from.send(new DatagramPacket(bytes, bytes.length, InetAddress.ofLiteral(host), port));
    }

    private static DatagramPacket receive(DatagramSocket socket) throws IOException {
        var packet = new DatagramPacket(new byte[66_000], 66_000);
        socket.receive(packet);
        return packet;
    }

    private static byte[] bytes(DatagramPacket packet) {
        return java.util.Arrays.copyOf(packet.getData(), packet.getLength());
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void whatComesIsHandedOnAndWhatGoesArrives() throws Exception {
        var ours = new Ours("127.0.0.1");
        DatagramSocket phone = phone("127.0.0.1");
        send(phone, text("hello"), "127.0.0.1", ours.port());
        Heard heard = ours.next();
        assertArrayEquals(text("hello"), heard.datagram);
        assertEquals(new Path(HERE, new InetSocketAddress(HERE, phone.getLocalPort())), heard.path);
        assertTrue(ours.datagrams.send(text("hi"), heard.path));
        DatagramPacket answer = receive(phone);
        assertArrayEquals(text("hi"), bytes(answer));
        assertEquals(ours.port(), answer.getPort());
    }

    @Test
    void theLongestDatagramOfIpv4GoesBothWays() throws Exception {
        var ours = new Ours("127.0.0.1");
        DatagramSocket phone = phone("127.0.0.1");
        byte[] longest = new byte[65_507];
        new Random(1).nextBytes(longest);
        send(phone, longest, "127.0.0.1", ours.port());
        Heard heard = ours.next();
        assertArrayEquals(longest, heard.datagram);
        assertTrue(ours.datagrams.send(longest, heard.path));
        assertArrayEquals(longest, bytes(receive(phone)));
        assertFalse(ours.datagrams.send(new byte[65_508], heard.path), "more than UDP can carry");
        assertFalse(ours.datagrams.send(new byte[70_000], heard.path));
    }

    @Test
    void aDatagramLongerThanIsTakenIsDroppedAndSaidAndTheNextOneComes() throws Exception {
        var ours = new Ours("127.0.0.1", 2_000, (_, _) -> {});
        DatagramSocket phone = phone("127.0.0.1");
        send(phone, new byte[2_001], "127.0.0.1", ours.port());
        send(phone, new byte[2_000], "127.0.0.1", ours.port());
        send(phone, new byte[0], "127.0.0.1", ours.port());
        send(phone, text("last"), "127.0.0.1", ours.port());
        assertEquals(2_000, ours.next().datagram.length);
        assertArrayEquals(text("last"), ours.next().datagram);
        assertEquals(phone.getLocalPort(), ours.truncated.take().remote().getPort());
        assertTrue(ours.heard.isEmpty());
    }

    @Test
    void aBatchIsAnsweredWholeWhenSomeOfItCannotLeave() throws Exception {
        var nowhere = new InetSocketAddress(HERE, 0);
        var ours = new Ours("127.0.0.1", 4_000, (datagrams, heard) -> {
            datagrams.send(text("lost"), new Path(HERE, nowhere));
            // Nobody may send there from the loopback: the system refuses it in the middle of a batch.
            datagrams.send(
                    text("lost"), new Path(HERE, new InetSocketAddress(InetAddress.ofLiteral("203.0.113.1"), 9)));
            datagrams.send(heard.datagram, heard.path);
        });
        DatagramSocket phone = phone("127.0.0.1");
        var expected = new HashSet<String>();
        for (int i = 0; i < 200; i++) {
            send(phone, text("n" + i), "127.0.0.1", ours.port());
            expected.add("n" + i);
        }
        Set<String> answered = new HashSet<>();
        for (int i = 0; i < 200; i++) answered.add(new String(bytes(receive(phone)), StandardCharsets.US_ASCII));
        assertEquals(expected, answered);
    }

    @Test
    void whoeverIsAskedAtOneOfManyAddressesAnswersFromThere() throws Exception {
        var ours = new Ours("0.0.0.0");
        Assumptions.assumeTrue(
                System.getProperty("os.name").equals("Linux"), "other systems have one loopback address");
        DatagramSocket phone = phone("127.0.0.1");
        // Linux has all of 127.0.0.0/8; only the address that an interface names is one that NIO can bind first.
        for (String host : hosts()) {
            phone.connect(InetAddress.ofLiteral(host), ours.port());
            phone.send(new DatagramPacket(text(host), host.length()));
            Heard heard = ours.next();
            assertEquals(InetAddress.ofLiteral(host), heard.path.local());
            assertTrue(ours.datagrams.send(text("back"), heard.path));
            // A connected socket hears only that address.
            assertArrayEquals(text("back"), bytes(receive(phone)));
            phone.disconnect();
        }
    }

    /// Addresses of this host at which the wildcard hears.
    List<String> hosts() {
        return List.of("127.0.0.1");
    }

    @Test
    void ipv6IsTheSame() throws Exception {
        Ours ours;
        try {
            ours = new Ours("::1");
        } catch (IOException e) {
            Assumptions.abort("this host has no IPv6: " + e.getMessage());
            return;
        }
        DatagramSocket phone = phone("::1");
        send(phone, text("six"), "::1", ours.port());
        Heard heard = ours.next();
        assertEquals(InetAddress.ofLiteral("::1"), heard.path.local());
        assertTrue(ours.datagrams.send(text("back"), heard.path));
        assertArrayEquals(text("back"), bytes(receive(phone)));
        assertFalse(ours.datagrams.send(text("x"), new Path(HERE, new InetSocketAddress(HERE, 5060))));
    }

    @Test
    void itStopsAtOnceWhileItWaitsAndWhileItIsSentTo() throws Exception {
        var ours = new Ours("127.0.0.1");
        DatagramSocket phone = phone("127.0.0.1");
        send(phone, text("x"), "127.0.0.1", ours.port());
        Path path = ours.next().path;
        long began = System.nanoTime();
        ours.datagrams.close();
        ours.datagrams.close();
        assertTrue(System.nanoTime() - began < Duration.ofSeconds(3).toNanos());
        assertFalse(ours.datagrams.send(text("x"), path));
        // The port is free again.
        try (var again = bind(ours.datagrams.address(), 100)) {
            assertEquals(ours.port(), again.address().getPort());
        }
    }

    @Test
    void aDefectInTakingOneDatagramDoesNotEndTheOthers() throws Exception {
        var ours = new Ours("127.0.0.1", 1_000, (_, heard) -> {
            if (heard.datagram[0] == '!') throw new IllegalStateException("expected in this test");
        });
        DatagramSocket phone = phone("127.0.0.1");
        send(phone, text("!"), "127.0.0.1", ours.port());
        send(phone, text("ok"), "127.0.0.1", ours.port());
        assertArrayEquals(text("ok"), ours.next().datagram);
    }

    @Test
    void virtualThreadsSendWhileOthersDo() throws Exception {
        var ours = new Ours("127.0.0.1");
        DatagramSocket phone = phone("127.0.0.1");
        var path = new Path(HERE, new InetSocketAddress(HERE, phone.getLocalPort()));
        var senders = new ArrayList<Thread>();
        for (int t = 0; t < 20; t++) {
            int number = t;
            senders.add(Thread.startVirtualThread(() -> {
                for (int i = 0; i < 10; i++) ours.datagrams.send(text(number + "." + i), path);
            }));
        }
        var heard = new HashSet<String>();
        for (int i = 0; i < 200; i++) heard.add(new String(bytes(receive(phone)), StandardCharsets.US_ASCII));
        assertEquals(200, heard.size());
        for (Thread each : senders) each.join();
    }

    @Test
    void aPortThatIsTakenIsRefused() throws Exception {
        var ours = new Ours("127.0.0.1");
        assertThrows(IOException.class, () -> bind(ours.datagrams.address(), 1_000));
    }
}
