package dev.starling.trace;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.sip.transport.Tap;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Who stands at the ends of arrows: this server, other servers by their keys, clients by the address of their
/// connection. A client is called as it calls itself, with a `?` until this server acted upon it; and the
/// beginning of its device's id.
final class Parties {
    static final String SELF = "this server";
    private static final int MAX_NAMES = 4096, MAX_NAME = 60, PIN = 8, DIGITS = 4, MAX_TRANSPORT = 4;
    private static final Pattern DEVICE =
            Pattern.compile("(?:;gr=|\\+sip\\.instance=\"?<?)(?:urn:uuid:)?([A-Za-z0-9-]{4,64})");

    private record Name(String address, String device, boolean sure) {}

    private final Map<String, Name> names = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Name> eldest) {
            return size() > MAX_NAMES;
        }
    };

    /// The two ends of a message, each a key for [#name].
    record Ends(String from, String to) {}

    Ends of(Sighting sighting) {
        var capture = sighting.capture();
        if (sighting.direction().isEmpty()) return new Ends(key(capture.from()), key(capture.to()));
        boolean in = sighting.direction().get() == Tap.Direction.IN;
        InetSocketAddress far = in ? capture.from() : capture.to();
        String other = sighting.peer().isEmpty()
                ? Printable.of(sighting.transport(), MAX_TRANSPORT) + " " + key(far)
                : "server "
                        + Printable.of(sighting.peer()
                                .substring(0, Math.min(PIN, sighting.peer().length())));
        return in ? new Ends(other, SELF) : new Ends(SELF, other);
    }

    private static String key(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    /// Learns what a client is called: a request comes from From and goes to the Request-URI, and what is answered well
    /// came from whom it says.
    void learn(Sighting sighting, SipMessage message) {
        if (!sighting.peer().isEmpty() || sighting.direction().isEmpty()) return;
        boolean in = sighting.direction().get() == Tap.Direction.IN;
        boolean confirms = !in && message.status() > 100 && message.status() < 300 && isProven(message);
        if (!message.isRequest() && !confirms) return;
        try {
            boolean caller = in || confirms;
            String who = caller ? message.from().uri() : message.uri();
            String device = in ? message.required("contact") : confirms ? "" : who;
            Ends ends = of(sighting);
            address(who).ifPresent(address -> name(in ? ends.from() : ends.to(), address, device(device), !in));
        } catch (SipException e) {
            // Then it stays an address.
            return;
        }
    }

    // Anybody may ask for OPTIONS, and say to be anybody.
    private static boolean isProven(SipMessage response) {
        return !response.cseqMethod().equals("OPTIONS");
    }

    /// `user@host`; empty for anything that has none.
    static Optional<String> address(String uri) {
        int start = uri.indexOf(':') + 1, at = uri.indexOf('@', start);
        if (start == 0 || at < 0) return Optional.empty();
        int end = at;
        while (end < uri.length() && ";?>".indexOf(uri.charAt(end)) < 0) end++;
        int colon = uri.indexOf(':', start);
        String user = uri.substring(start, colon > 0 && colon < at ? colon : at);
        return Optional.of(Printable.of(user + uri.substring(at, end), MAX_NAME));
    }

    private static String device(String text) {
        var found = DEVICE.matcher(text);
        if (!found.find()) return "";
        // A GRUU of ours and an instance id (RFC 9562, section 5.8) begin alike.
        return "/" + found.group(1).substring(0, DIGITS);
    }

    private void name(String key, String address, String device, boolean sure) {
        var known = names.get(key);
        if (known == null) {
            names.put(key, new Name(address, device, sure));
            return;
        }
        boolean same = known.address.equals(address);
        // In a dialog a Contact may not say which device it is.
        String told = same && device.isEmpty() ? known.device : device;
        if (same || sure || !known.sure) names.put(key, new Name(address, told, sure || same && known.sure));
    }

    String name(String key) {
        var name = names.get(key);
        return surely(key) + (name == null || name.sure ? "" : "?");
    }

    /// The name as if it were proven.
    String surely(String key) {
        var name = names.get(key);
        return name == null ? key : name.address + name.device;
    }

    /// A name cut to `most` characters; the device stays.
    static String fit(String name, int most) {
        int slash = name.lastIndexOf('/');
        if (name.length() <= most || slash < 0 || most < 10) return Printable.fit(name, most);
        String tail = name.substring(slash);
        return Printable.fit(name.substring(0, slash), most - tail.length()) + tail;
    }
}
