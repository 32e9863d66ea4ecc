import dev.starling.nat.stun.Attribute;
import dev.starling.nat.stun.Protection;
import dev.starling.nat.stun.StunClass;
import dev.starling.nat.stun.StunException;
import dev.starling.nat.stun.StunMessage;
import dev.starling.nat.stun.StunWriter;
import dev.starling.nat.turn.TimedCredentials;
import dev.starling.sip.transport.Datagrams;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/// Clients of a relay, each at an address of its own and with an allocation, and the one peer to whom all of them send
/// and who sends everything back. A closed loop: so many packets are under way.
final class TurnClients implements AutoCloseable {
    static final String SECRET = "a secret of thirty-two letters!!", REALM = "bench";
    private static final int ALLOCATE = 3, SEND = 6, PERMISSION = 8, CHANNEL_BIND = 9, CHANNEL = 0x4000;
    private static final int PAYLOAD = 160, WINDOW = 50;
    private static final long UDP = 17 << 24;

    /// How data goes between client and relay, both ways.
    enum Form {
        CHANNEL_DATA,
        INDICATION
    }

    /// @param packets relayed, there and back
    record Result(long packets, double seconds, int lost) {}

    private final InetSocketAddress server, peer;
    private final Form form;
    private final InetAddress[] clients;
    private final byte[] packet;
    private final Datagrams sockets, echo;
    private final LinkedBlockingQueue<byte[]> answers = new LinkedBlockingQueue<>(100);
    private int left, underWay, next;
    private long heard;
    private CountDownLatch ended = new CountDownLatch(0);

    /// @param port of the clients; their peer is at the next one
    TurnClients(InetSocketAddress server, int port, int count, Form form)
            throws IOException, InterruptedException, StunException {
        this.server = server;
        this.form = form;
        peer = new InetSocketAddress("127.0.0.1", port + 1);
        clients = new InetAddress[count];
        packet = form == Form.CHANNEL_DATA
                ? ByteBuffer.allocate(4 + PAYLOAD)
                        .putShort((short) CHANNEL)
                        .putShort((short) PAYLOAD)
                        .array()
                : new StunWriter(SEND, StunClass.INDICATION, new byte[12])
                        .putXor(Attribute.XOR_PEER_ADDRESS, peer)
                        .put(Attribute.DATA, new byte[PAYLOAD])
                        .bytes();
        echo = Datagrams.open(peer);
        echo.start(new Hearing((datagram, path) -> echo().send(datagram, path)));
        sockets = Datagrams.open(new InetSocketAddress("0.0.0.0", port));
        sockets.start(new Hearing((datagram, _) -> arrived(datagram)));
        for (int i = 0; i < count; i++) open(i);
    }

    private Datagrams echo() {
        return echo;
    }

    private record Hearing(java.util.function.BiConsumer<byte[], Datagrams.Path> whom) implements Datagrams.Receiver {
        @Override
        public void received(byte[] datagram, Datagrams.Path path) {
            whom.accept(datagram, path);
        }

        @Override
        public void truncated(Datagrams.Path path) {}
    }

    private void open(int client) throws IOException, InterruptedException, StunException {
        clients[client] = InetAddress.getByAddress(new byte[] {127, 50, (byte) client, 1});
        var issued = new TimedCredentials(SECRET.getBytes(StandardCharsets.US_ASCII), REALM, InstantSource.system())
                .issue("device " + client, "example.net", Duration.ofHours(1));
        byte[] key = Protection.md5Key(issued.name(), REALM, issued.password());
        var first = ask(client, request(ALLOCATE).put(Attribute.REQUESTED_TRANSPORT, UDP));
        byte[] nonce = first.value(Attribute.NONCE).orElseThrow();
        var binding = request(form == Form.CHANNEL_DATA ? CHANNEL_BIND : PERMISSION);
        if (form == Form.CHANNEL_DATA) binding.put(Attribute.CHANNEL_NUMBER, (long) CHANNEL << 16);
        binding.putXor(Attribute.XOR_PEER_ADDRESS, peer);
        for (var each : new StunWriter[] {request(ALLOCATE).put(Attribute.REQUESTED_TRANSPORT, UDP), binding}) {
            each.put(Attribute.USERNAME, issued.name()).put(Attribute.REALM, REALM).put(Attribute.NONCE, nonce);
            var answer = ask(client, each.protect(key));
            if (answer.kind() != StunClass.SUCCESS) throw new IOException("refused: " + answer.failure());
        }
    }

    private static StunWriter request(int method) {
        byte[] id = new byte[StunMessage.TRANSACTION_ID_BYTES];
        ThreadLocalRandom.current().nextBytes(id);
        return new StunWriter(method, StunClass.REQUEST, id);
    }

    private StunMessage ask(int client, StunWriter request) throws IOException, InterruptedException, StunException {
        for (int i = 0; i < 10; i++) {
            sockets.send(request.bytes(), new Datagrams.Path(clients[client], server));
            byte[] answer = answers.poll(1, TimeUnit.SECONDS);
            if (answer != null) return StunMessage.parse(answer);
        }
        throw new IOException("the relay does not answer");
    }

    private void arrived(byte[] datagram) {
        boolean data = (datagram[0] & 0xC0) == 0x40 || datagram[0] == 0 && datagram[1] == 0x17;
        if (data) back();
        else answers.add(datagram);
    }

    Result run(int packets) throws InterruptedException {
        long begin = System.nanoTime(), before;
        synchronized (this) {
            left = packets;
            underWay = 0;
            heard = 0;
            ended = new CountDownLatch(1);
            fill();
        }
        do {
            before = heardSoFar();
        } while (!ended.await(1, TimeUnit.SECONDS) && heardSoFar() > before);
        return new Result(2 * heardSoFar(), (System.nanoTime() - begin) / 1e9, (int) (packets - heardSoFar()));
    }

    private synchronized long heardSoFar() {
        return heard;
    }

    private synchronized void back() {
        heard++;
        underWay--;
        fill();
        if (left == 0 && underWay <= 0) ended.countDown();
    }

    private void fill() {
        for (; left > 0 && underWay < WINDOW; left--, underWay++)
            sockets.send(packet, new Datagrams.Path(clients[next++ % clients.length], server));
    }

    @Override
    public void close() {
        sockets.close();
        echo.close();
    }
}
