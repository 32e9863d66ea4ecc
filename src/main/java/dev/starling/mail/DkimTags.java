package dev.starling.mail;

import static dev.starling.mail.MailRefused.unless;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// A list of `tag=value` (RFC 6376, section 3.2), of a signature or of a key. A tag that stands twice makes the list
/// invalid; unknown ones are passed over.
record DkimTags(Map<String, String> values) {
    private static final int MOST = 32;
    private static final Pattern TAG = Pattern.compile("\\s*([A-Za-z][A-Za-z0-9_]*)\\s*=([!-:<-~\\s]*)");

    DkimTags {
        values = Map.copyOf(values);
    }

    /// @param what the reason to give when it is none
    static DkimTags parse(String list, Reason what) throws MailRefused {
        var values = new LinkedHashMap<String, String>();
        // A last semicolon ends the last tag, and may be left out.
        for (String each : list.stripTrailing().replaceFirst(";$", "").split(";", -1)) {
            var tag = TAG.matcher(each);
            unless(tag.matches() && values.size() < MOST, what);
            unless(values.putIfAbsent(tag.group(1), tag.group(2).strip()) == null, what);
        }
        return new DkimTags(values);
    }

    Optional<String> get(String tag) {
        return Optional.ofNullable(values.get(tag));
    }

    String need(String tag, Reason what) throws MailRefused {
        return get(tag).filter(value -> !value.isEmpty()).orElseThrow(() -> new MailRefused(what));
    }

    /// The elements between colons, without blanks.
    static List<String> elements(String value) {
        return List.of(value.replaceAll("\\s", "").split(":", -1));
    }
}
