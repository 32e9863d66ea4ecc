package dev.starling.ca.log;

import dev.starling.identity.IdentityException;
import dev.starling.identity.log.Note;
import dev.starling.identity.log.NoteKey;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/// A witness, and where heads are sent to it (C2SP tlog-witness).
///
/// @param url without a slash at the end
public record WitnessAt(URI url, NoteKey key) {
    // One line is the log's own.
    private static final int MOST = Note.MAX_SIGNATURES - 1;

    /// Reads URL+KEY, as an operator writes it.
    static WitnessAt parse(String text) throws IOException {
        int plus = text.indexOf('+');
        try {
            URI url = URI.create(text.substring(0, Math.max(plus, 0)));
            if (url.getHost() == null || !String.valueOf(url.getScheme()).matches("https?") || url.getQuery() != null)
                throw new IOException("a witness is URL+KEY, both as its peer.json says: " + text);
            return new WitnessAt(url, NoteKey.parse(text.substring(plus + 1), NoteKey.Kind.WITNESS));
        } catch (IllegalArgumentException | IdentityException e) {
            throw new IOException("a witness is URL+KEY, both as its peer.json says: " + text, e);
        }
    }

    /// @throws IOException also when a key stands there twice, or there are too many
    public static List<WitnessAt> all(List<String> texts) throws IOException {
        var all = new ArrayList<WitnessAt>();
        for (String each : texts) {
            var fresh = parse(each);
            if (all.stream().anyMatch(one -> one.key().equals(fresh.key())))
                throw new IOException("a witness is named twice: " + each);
            all.add(fresh);
        }
        if (all.size() > MOST) throw new IOException("at most " + MOST + " witnesses");
        return List.copyOf(all);
    }
}
