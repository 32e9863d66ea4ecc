package dev.starling.sip.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LinuxDatagramsTest extends DatagramsContract {
    @BeforeEach
    void thisIsLinux() {
        Assumptions.assumeTrue(LinuxDatagrams.isPossible(), "recvmmsg by FFM wants 64-bit Linux and native access");
    }

    @Override
    Datagrams bind(InetSocketAddress address, int longest) throws IOException {
        return LinuxDatagrams.bind(address, longest);
    }

    @Override
    List<String> hosts() {
        return List.of("127.0.0.1", "127.0.0.2", "127.9.8.7");
    }

    @Test
    void itIsChosenWhereItIsPossible() throws IOException {
        try (var chosen = Datagrams.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            assertInstanceOf(LinuxDatagrams.class, chosen);
        }
    }

    /// Or whoever gathers work meanwhile would wait for the rest of the batch for good.
    @Test
    void theEndOfABatchIsSaidEvenWhenTheReaderEndsOfAnError() throws Exception {
        var here = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (var server = LinuxDatagrams.bind(here);
                var phone = new DatagramSocket(here)) {
            for (String each : List.of("one", "two"))
                phone.send(new DatagramPacket(each.getBytes(UTF_8), each.length(), server.address()));
            var said = new ArrayBlockingQueue<Boolean>(2);
            server.start(new Datagrams.Receiver() {
                @Override
                public void received(byte[] datagram, Datagrams.Path path) {
                    throw new LinkageError("as told");
                }

                @Override
                public void truncated(Datagrams.Path path) {}

                @Override
                public void handing(boolean several) {
                    said.add(several);
                }
            });
            assertEquals(true, said.poll(20, TimeUnit.SECONDS));
            assertEquals(false, said.poll(20, TimeUnit.SECONDS));
        }
    }

    /// What another thread sends meanwhile waits for the end of the batch, so that one call carries all; and it leaves.
    @Test
    void whatOthersSendWhileABatchIsHandedOnLeavesAfterIt() throws Exception {
        var here = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (var server = LinuxDatagrams.bind(here);
                var phone = new DatagramSocket(here)) {
            phone.setSoTimeout(20_000);
            var path = new Datagrams.Path(
                    server.address().getAddress(), (InetSocketAddress) phone.getLocalSocketAddress());
            var to = server.address();
            // There before anybody reads, so that they are one batch.
            for (String each : List.of("one", "two"))
                phone.send(new DatagramPacket(each.getBytes(UTF_8), each.length(), to));
            var taken = new ArrayBlockingQueue<String>(2);
            server.start(new Datagrams.Receiver() {
                @Override
                public void received(byte[] datagram, Datagrams.Path from) {
                    taken.add(new String(datagram, UTF_8));
                    var other = new FutureTask<>(() -> server.send("of another thread".getBytes(UTF_8), path));
                    Thread.ofVirtual().start(other);
                    try {
                        assertTrue(other.get(20, TimeUnit.SECONDS));
                    } catch (InterruptedException | ExecutionException | TimeoutException e) {
                        throw new IllegalStateException(e);
                    }
                }

                @Override
                public void truncated(Datagrams.Path from) {}
            });
            for (String each : List.of("one", "two")) {
                var answer = new DatagramPacket(new byte[100], 100);
                phone.receive(answer);
                assertEquals(
                        "of another thread", new String(answer.getData(), 0, answer.getLength(), UTF_8), "for " + each);
            }
            assertEquals("one", taken.poll());
            assertEquals("two", taken.poll());
        }
    }
}
