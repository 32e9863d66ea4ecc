package dev.starling.dht.remote;

import com.nimbusds.jose.util.JSONObjectUtils;
import dev.starling.dht.Dht;
import java.text.ParseException;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;

/// One line of a store's answer (docs/protocols/sip.md, section 1), as far as it makes sense.
///
/// @param key under which, in a stream for many keys; "" elsewhere
/// @param event empty when it tells of no value
/// @param complete all that was there of the key when the stream began has been told
record Line(String key, Optional<Dht.Event> event, boolean complete) {
    private static final Line NONE = new Line("", Optional.empty(), false);

    /// Never fails: what cannot be understood tells of nothing.
    static Line parse(String line) {
        if (line.isBlank()) return NONE;
        try {
            @org.jspecify.annotations.Nullable Map<String, Object> json = JSONObjectUtils.parse(line);
            // The library gives null for `null`.
            if (json == null) return NONE;
            String key = json.get("key") instanceof String named ? named : "";
            if (json.get("data") instanceof String data) return new Line(key, event(json, data), false);
            return new Line(key, Optional.empty(), Boolean.TRUE.equals(json.get("complete")));
        } catch (ParseException | IllegalArgumentException e) {
            return NONE;
        }
    }

    private static Optional<Dht.Event> event(Map<String, Object> json, String text) {
        byte[] data = Base64.getDecoder().decode(text);
        if (data.length > Dht.MAX_VALUE_BYTES) return Optional.empty();
        long id = Long.parseUnsignedLong(String.valueOf(json.getOrDefault("id", "0")));
        boolean expired = Boolean.TRUE.equals(json.get("expired"));
        return Optional.of(new Dht.Event(new Dht.Value(id, Dht.Owner.UNKNOWN, data), expired));
    }
}
