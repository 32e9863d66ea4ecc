package dev.starling.trace.hep;

import static dev.starling.trace.hep.Chunks.GENERIC;

import dev.starling.sip.transport.Tap;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/// One SIP message as HEP3 carries it (HEP3 Network Protocol Specification, "Generic chunk types").
///
/// @param udp carried over UDP, else over TCP; TLS and WebSocket count as TCP
/// @param correlationId the Call-ID; "" for none
public record Capture(
        boolean udp, InetSocketAddress from, InetSocketAddress to, Instant at, String correlationId, byte[] payload) {
    private static final int FAMILY = 1,
            PROTOCOL = 2,
            FROM_4 = 3,
            TO_4 = 4,
            FROM_6 = 5,
            TO_6 = 6,
            FROM_PORT = 7,
            TO_PORT = 8,
            SECONDS = 9,
            MICROS = 0xa,
            TYPE = 0xb,
            AGENT = 0xc,
            KEY = 0xe,
            PAYLOAD = 0xf,
            CORRELATION = 0x11;
    private static final int AF_INET = 2, AF_INET6 = 10, TCP = 6, UDP = 17, SIP = 1;
    private static final int MAX_CORRELATION = 256;

    public Capture {
        payload = payload.clone();
    }

    @Override
    public byte[] payload() {
        return payload.clone();
    }

    /// @param payload what of the message is shown
    public static Capture of(Tap.Passed passed, String callId, byte[] payload) {
        var ends = passed.ends();
        boolean out = passed.direction() == Tap.Direction.OUT;
        return new Capture(
                ends.transport().equals("UDP"),
                out ? ends.local() : ends.remote(),
                out ? ends.remote() : ends.local(),
                passed.at(),
                callId,
                payload);
    }

    /// @param agent the capture agent's id, 32 bits
    /// @param key the collector's password, which travels in the clear; empty for none
    public Chunks chunks(long agent, byte[] key) {
        byte[] source = from.getAddress().getAddress(), target = to.getAddress().getAddress();
        // One family for both. A socket of both families names an IPv4 address in its own form.
        boolean six = source.length != 4 || target.length != 4;
        var chunks = new Chunks()
                .put8(FAMILY, six ? AF_INET6 : AF_INET)
                .put8(PROTOCOL, udp ? UDP : TCP)
                .put(GENERIC, six ? FROM_6 : FROM_4, six ? mapped(source) : source)
                .put(GENERIC, six ? TO_6 : TO_4, six ? mapped(target) : target)
                .put16(FROM_PORT, from.getPort())
                .put16(TO_PORT, to.getPort())
                .put32(SECONDS, at.getEpochSecond())
                .put32(MICROS, at.getNano() / 1000)
                .put8(TYPE, SIP)
                .put32(AGENT, agent);
        if (key.length > 0) chunks.put(GENERIC, KEY, key);
        if (!correlationId.isEmpty() && correlationId.length() <= MAX_CORRELATION)
            chunks.put(GENERIC, CORRELATION, correlationId);
        return chunks.put(GENERIC, PAYLOAD, payload);
    }

    // RFC 4291, section 2.5.5.2.
    private static byte[] mapped(byte[] address) {
        if (address.length != 4) return address;
        byte[] long6 = new byte[16];
        long6[10] = long6[11] = -1;
        System.arraycopy(address, 0, long6, 12, 4);
        return long6;
    }

    /// What a packet holds.
    ///
    /// @throws IOException something is missing, or it is no SIP
    public static Capture of(Chunks chunks) throws IOException {
        if (chunks.number(GENERIC, TYPE, 0) != SIP) throw new IOException("a HEP3 packet of something else than SIP");
        try {
            return new Capture(
                    chunks.number(GENERIC, PROTOCOL, UDP) == UDP,
                    end(chunks, FROM_4, FROM_6, FROM_PORT),
                    end(chunks, TO_4, TO_6, TO_PORT),
                    Instant.ofEpochSecond(chunks.number(GENERIC, SECONDS, 0), chunks.number(GENERIC, MICROS, 0) * 1000),
                    chunks.text(GENERIC, CORRELATION),
                    chunks.value(GENERIC, PAYLOAD).orElseThrow(() -> new IOException("a HEP3 packet of nothing")));
        } catch (DateTimeException e) {
            throw new IOException("a HEP3 packet of no time", e);
        }
    }

    private static InetSocketAddress end(Chunks chunks, int four, int six, int port) throws IOException {
        Optional<byte[]> address = chunks.value(GENERIC, four).or(() -> chunks.value(GENERIC, six));
        try {
            return new InetSocketAddress(
                    InetAddress.getByAddress(address.orElseThrow(() -> new IOException("a HEP3 packet from nowhere"))),
                    (int) chunks.number(GENERIC, port, 0) & 0xffff);
        } catch (UnknownHostException e) {
            throw new IOException("a HEP3 packet of a strange address", e);
        }
    }
}
