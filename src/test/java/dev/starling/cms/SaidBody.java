package dev.starling.cms;

import dev.starling.Vectors;
import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// Bodies as the vectors write them down: JSON with bytes in hex.
@org.jspecify.annotations.NullUnmarked
final class SaidBody {
    private SaidBody() {}

    /// Empty when our types cannot even hold what is said (an address or device id that is none).
    static Optional<Body> of(Map<String, Object> said) {
        try {
            return Optional.of(new Body(
                    Vectors.hex(said.get("id")),
                    number(said, "sent"),
                    new Address(text(said, "from")),
                    new Address(text(said, "to")),
                    new DeviceId(text(said, "device")),
                    content(text(said, "type"), map(said, "content"))));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Content content(String type, Map<String, Object> c) {
        return switch (type) {
            case "text" -> new Content.Text(text(c, "text"));
            case "receipt" -> new Content.Receipt(ids(c), (int) number(c, "state"));
            case "request" ->
                new Content.Request(
                        text(c, "name"), text(c, "text"), hex(c, "friendsKey"), number(c, "version"), hex(c, "token"));
            case "accept" ->
                new Content.Accept(text(c, "name"), hex(c, "friendsKey"), number(c, "version"), hex(c, "token"));
            case "decline" -> new Content.Decline();
            case "rotate" -> new Content.Rotate(hex(c, "friendsKey"), number(c, "version"));
            case "endorseRequest" -> new Content.EndorseRequest(text(c, "name"), hex(c, "spki"), perhaps(c, "proof"));
            case "endorseGrant" ->
                new Content.EndorseGrant(
                        hex(c, "ownKey"),
                        hex(c, "friendsKey"),
                        number(c, "version"),
                        contacts(c),
                        c.containsKey("ownVersion") ? OptionalLong.of(number(c, "ownVersion")) : OptionalLong.empty(),
                        perhaps(c, "proof"));
            case "sentCopy" ->
                new Content.SentCopy(new Address(text(c, "to")), hex(c, "id"), text(c, "text"), number(c, "sent"));
            case "endorseRefusal" -> new Content.EndorseRefusal();
            case "readMark" -> new Content.ReadMark(new Address(text(c, "address")), number(c, "upTo"));
            case "ownKey" -> new Content.OwnKey(hex(c, "ownKey"), number(c, "version"));
            case "entries" -> new Content.Entries(entries(c));
            case "summary" -> new Content.Summary(number(c, "version"), hex(c, "digests"), (int) number(c, "state"));
            case "moved" -> new Content.Moved(hex(c, "statement"));
            default -> throw new IllegalStateException(type);
        };
    }

    private static List<Content.Contact> contacts(Map<String, Object> content) {
        var contacts = new ArrayList<Content.Contact>();
        for (Object each : (List<?>) content.get("contacts")) {
            @SuppressWarnings("unchecked")
            var c = (Map<String, Object>) each;
            contacts.add(new Content.Contact(
                    new Address(text(c, "address")),
                    text(c, "name"),
                    hex(c, "theirToken"),
                    hex(c, "ourToken"),
                    hex(c, "friendsKey"),
                    number(c, "version")));
        }
        return contacts;
    }

    private static List<Content.Entry> entries(Map<String, Object> content) {
        var entries = new ArrayList<Content.Entry>();
        for (Object each : (List<?>) content.get("entries")) {
            @SuppressWarnings("unchecked")
            var c = (Map<String, Object>) each;
            entries.add(new Content.Entry(text(c, "name"), number(c, "time"), hex(c, "value")));
        }
        return entries;
    }

    private static Optional<byte[]> perhaps(Map<String, Object> map, String name) {
        return map.containsKey(name) ? Optional.of(hex(map, name)) : Optional.empty();
    }

    private static List<byte[]> ids(Map<String, Object> content) {
        return ((List<?>) content.get("ids")).stream().map(Vectors::hex).toList();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Map<String, Object> map, String name) {
        return (Map<String, Object>) map.get(name);
    }

    private static String text(Map<String, Object> map, String name) {
        return Vectors.text(map, name);
    }

    private static byte[] hex(Map<String, Object> map, String name) {
        return Vectors.hex(map.get(name));
    }

    private static long number(Map<String, Object> map, String name) {
        return ((Number) map.get(name)).longValue();
    }
}
