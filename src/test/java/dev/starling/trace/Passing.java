package dev.starling.trace;

import dev.starling.sip.transport.Tap;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;

/// Messages as a tap tells of them, for the tests.
public final class Passing {
    private static final Instant START = Instant.parse("2026-11-29T12:00:00Z");
    private static final InetSocketAddress HERE = at("192.0.2.9", 443);

    private Passing() {}

    static InetSocketAddress at(String host, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    }

    /// A client's connection.
    static Tap.Ends client(int port) {
        return new Tap.Ends("WS", HERE, at("198.51.100.7", port), Optional.empty());
    }

    /// A connection with another server, whose key begins with these eight digits.
    static Tap.Ends server(String key) {
        return new Tap.Ends("TLS", HERE, at("203.0.113.5", 5061), Optional.of(key + "0".repeat(56)));
    }

    /// @param text with `\n` between lines, and without the last empty one when there is no body
    static byte[] bytes(String text) {
        String whole = text.contains("\n\n") ? text : text.strip() + "\n\n";
        return whole.replace("\n", "\r\n").getBytes(StandardCharsets.ISO_8859_1);
    }

    static Tap.Passed passed(boolean in, Tap.Ends ends, long millis, String text) {
        return new Tap.Passed(in ? Tap.Direction.IN : Tap.Direction.OUT, ends, bytes(text), START.plusMillis(millis));
    }

    /// A request of some length that says nothing.
    public static Tap.Passed options(int bodyBytes) {
        return passed(true, client(5000), 0, """
                OPTIONS sip:peer.example.net SIP/2.0
                Via: SIP/2.0/WS a.invalid;branch=z9hG4bK1
                Authorization: Digest response="do not tell"
                From: <sip:alice@example.net>;tag=1
                To: <sip:peer.example.net>
                Call-ID: options@example.net
                CSeq: 1 OPTIONS
                Content-Length: %d

                %s""".formatted(bodyBytes, "b".repeat(bodyBytes)));
    }
}
