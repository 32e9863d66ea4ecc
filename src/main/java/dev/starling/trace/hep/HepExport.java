package dev.starling.trace.hep;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Tap;
import dev.starling.trace.Pending;
import dev.starling.trace.Redaction;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Sends each SIP message, without what is secret in it, to a collector as a HEP3 packet by UDP. All of it happens on a
/// thread of its own behind a bounded queue: what the collector's side does not take is dropped and counted.
public final class HepExport implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.hep");

    /// What a UDP datagram over IPv4 can hold.
    static final int MAX_PACKET = 65_507;

    static final int MAX_PACKETS_A_SECOND = 5_000;

    /// @param agent by which the collector knows this server, 32 bits
    /// @param key the collector's password, which travels in the clear; empty for none
    public record Config(InetSocketAddress collector, long agent, byte[] key) {
        public Config {
            key = key.clone();
        }

        @Override
        public byte[] key() {
            return key.clone();
        }

        @Override
        public String toString() {
            return "Config[collector=" + collector + ", agent=" + agent + "]";
        }
    }

    private final Config config;
    private final Pending pending = new Pending();
    private final DatagramSocket socket;
    private final Runnable stop;
    private final Thread thread;
    private final AtomicLong sent = new AtomicLong(), dropped = new AtomicLong();
    private long second, inSecond;
    private boolean failing;

    /// Exports from now on.
    public static HepExport start(Tap tap, Config config) throws IOException {
        return new HepExport(tap, config);
    }

    private HepExport(Tap tap, Config config) throws IOException {
        this.config = config;
        socket = new DatagramSocket();
        stop = tap.watch(pending).orElseThrow(() -> new IOException("too many watch already"));
        thread = Thread.ofVirtual().name("hep").start(this::export);
    }

    private void export() {
        byte[] key = config.key();
        try {
            while (!socket.isClosed()) {
                Tap.Passed passed = pending.take();
                dropped.addAndGet(pending.lost());
                send(passed, key);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(Tap.Passed passed, byte[] key) {
        try {
            var message = SipMessage.read(passed.bytes());
            var chunks =
                    Capture.of(passed, message.callId(), Redaction.of(message)).chunks(config.agent, key);
            if (chunks.length() > MAX_PACKET || !inTime()) {
                dropped.incrementAndGet();
                return;
            }
            byte[] packet = chunks.write();
            socket.send(new DatagramPacket(packet, packet.length, config.collector));
            sent.incrementAndGet();
            failing = false;
        } catch (SipException e) {
            // Nobody knows what is secret in bytes that are no message.
            dropped.incrementAndGet();
        } catch (IOException e) {
            dropped.incrementAndGet();
            if (!failing && !socket.isClosed()) LOG.log(System.Logger.Level.WARNING, "HEP: {0}", e.getMessage());
            failing = true;
        }
    }

    private boolean inTime() {
        long now = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
        if (now != second) {
            second = now;
            inSecond = 0;
        }
        return ++inSecond <= MAX_PACKETS_A_SECOND;
    }

    /// Packets sent; whether the collector got them is not known.
    public long sent() {
        return sent.get();
    }

    /// Messages that were not sent.
    public long dropped() {
        return dropped.get();
    }

    @Override
    public void close() {
        stop.run();
        socket.close();
        thread.interrupt();
    }
}
