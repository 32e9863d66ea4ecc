package dev.starling.sip.transport;

import dev.starling.sip.message.Tokens;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// The Via that a request came with, and the way back that it says (RFC 3261, section 18.2; RFC 3581).
///
/// A phone that asked for it (`rport`), or that is behind a NAT, as its Via shows, is answered at the port its request
/// came from; any other one at the port its Via names. The address is always the one the request came from. Departs
/// from RFC 3581, section 4, for those behind a NAT that do not ask: they would hear nothing.
final class TopVia {
    private static final int DEFAULT_PORT = 5060;
    private static final byte[] RESPONSE = "SIP/2.0 ".getBytes(StandardCharsets.US_ASCII),
            RPORT = ";rport=".getBytes(StandardCharsets.US_ASCII);

    /// Where the value lies: from after the colon to the LF that ends it, folded lines included.
    private record Place(int start, int end) {}

    private TopVia() {}

    static boolean isResponse(byte[] message) {
        return startsWith(message, 0, RESPONSE);
    }

    private static boolean startsWith(byte[] in, int from, byte[] wanted) {
        return in.length - from >= wanted.length
                && Arrays.equals(in, from, from + wanted.length, wanted, 0, wanted.length);
    }

    /// The request with `received` and `rport` of ours in its top Via; what its sender wrote there is removed, or
    /// answers would go where the sender likes. A message without Via stays as it is.
    static byte[] stamped(byte[] request, InetSocketAddress source) {
        Optional<Place> found = find(request);
        if (found.isEmpty()) return request;
        Place place = found.get();
        String all = value(request, place);
        if (all.isEmpty()) return request;
        int comma = Tokens.next(all, 0, ',');
        String first = comma < 0 ? all : all.substring(0, comma).trim(), others = comma < 0 ? "" : all.substring(comma);
        byte[] value = (" " + stamped(first, source) + others + "\r\n").getBytes(StandardCharsets.ISO_8859_1);
        byte[] stamped = new byte[place.start + value.length + request.length - place.end];
        System.arraycopy(request, 0, stamped, 0, place.start);
        System.arraycopy(value, 0, stamped, place.start, value.length);
        System.arraycopy(request, place.end, stamped, place.start + value.length, request.length - place.end);
        return stamped;
    }

    private static String stamped(String via, InetSocketAddress source) {
        boolean asked = false;
        var kept = new StringBuilder(via.length() + 48);
        for (int from = 0; from <= via.length(); ) {
            int semicolon = Tokens.next(via, from, ';'), end = semicolon < 0 ? via.length() : semicolon;
            String part = via.substring(from, end).trim(), name = Tokens.head(part, '=');
            if (name.equalsIgnoreCase("rport")) asked = true;
            else if (!name.equalsIgnoreCase("received")) kept.append(part).append(';');
            from = end + 1;
        }
        // RFC 3261, section 18.2.1: the address without brackets or zone.
        String received = host(source.getAddress());
        kept.append("received=").append(received);
        if (asked || !sentBy(via).host.equalsIgnoreCase(received))
            kept.append(";rport=").append(source.getPort());
        return kept.toString();
    }

    /// The port at which the sender of the request wants `response`.
    static int replyPort(byte[] response, int sourcePort) {
        Optional<Place> found = find(response);
        if (found.isEmpty()) return sourcePort;
        if (isStamped(response, found.get())) return sourcePort;
        String via = Tokens.head(value(response, found.get()), ',');
        return Tokens.parameter(via, "rport").isPresent() ? sourcePort : sentBy(via).port;
    }

    /// Whether `rport` is there for whoever reads no further than the first quote, bracket or comma: so it stands in
    /// nearly every answer, as [#stamped] wrote it.
    private static boolean isStamped(byte[] in, Place place) {
        for (int i = place.start; i < place.end; i++) {
            if (in[i] == '"' || in[i] == '<' || in[i] == ',') return false;
            if (in[i] == ';' && startsWith(in, i, RPORT)) return true;
        }
        return false;
    }

    static String host(InetAddress address) {
        String text = address.getHostAddress();
        int zone = text.indexOf('%');
        return zone < 0 ? text : text.substring(0, zone);
    }

    private record SentBy(String host, int port) {}

    /// `SIP / 2.0 / UDP first.example.com : 4000;…`, where blanks may stand around each slash and the colon.
    private static SentBy sentBy(String via) {
        String head = Tokens.head(via, ';');
        int protocol = head.indexOf('/', head.indexOf('/') + 1) + 1;
        while (protocol < head.length() && Character.isWhitespace(head.charAt(protocol))) protocol++;
        while (protocol < head.length() && !Character.isWhitespace(head.charAt(protocol))) protocol++;
        String text = withoutBlanks(head.substring(protocol));
        int colon = text.indexOf(':', text.indexOf(']') + 1);
        String host = colon < 0 ? text : text.substring(0, colon);
        long port = colon < 0 ? DEFAULT_PORT : Tokens.number(text.substring(colon + 1), 5);
        return new SentBy(literal(host), port < 1 || port > 65_535 ? DEFAULT_PORT : (int) port);
    }

    private static String withoutBlanks(String text) {
        boolean any = text.chars().anyMatch(Character::isWhitespace);
        return any ? text.replaceAll("\\s", "") : text;
    }

    // As [#host] writes it, so that two spellings of one address are one.
    private static String literal(String host) {
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        try {
            return host(InetAddress.ofLiteral(bracketed ? host.substring(1, host.length() - 1) : host));
        } catch (IllegalArgumentException e) {
            return host;
        }
    }

    private static String value(byte[] in, Place place) {
        return Tokens.unfold(new String(in, place.start, place.end - place.start, StandardCharsets.ISO_8859_1))
                .strip();
    }

    /// The first header line named Via, with the parser's reading of lines.
    private static Optional<Place> find(byte[] in) {
        int at = 0;
        while (at < in.length && (in[at] == '\r' || in[at] == '\n')) at++;
        for (at = lineEnd(in, at); at < in.length; ) {
            if (in[at] == '\r' || in[at] == '\n') return Optional.empty();
            int end = lineEnd(in, at);
            while (end < in.length && (in[end] == ' ' || in[end] == '\t')) end = lineEnd(in, end);
            int colon = viaColon(in, at, end);
            if (colon >= 0 && end <= in.length) return Optional.of(new Place(colon + 1, end));
            at = end;
        }
        return Optional.empty();
    }

    /// After the LF; the length when there is none.
    private static int lineEnd(byte[] in, int from) {
        for (int i = from; i < in.length; i++) if (in[i] == '\n') return i + 1;
        return in.length;
    }

    private static int viaColon(byte[] in, int start, int end) {
        // A letter in lower case; a byte that is no letter becomes none of these.
        if ((in[start] | 0x20) != 'v') return -1;
        boolean whole = start + 2 < end && (in[start + 1] | 0x20) == 'i' && (in[start + 2] | 0x20) == 'a';
        int at = start + (whole ? 3 : 1);
        while (at < end && (in[at] == ' ' || in[at] == '\t')) at++;
        return at < end && in[at] == ':' ? at : -1;
    }
}
