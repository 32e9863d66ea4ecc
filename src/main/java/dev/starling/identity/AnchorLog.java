package dev.starling.identity;

import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.NoteKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// The log in which a CA enters its certificates, as the lines of an anchor name it (docs/protocols/log.md,
/// section 12).
///
/// @param url where it lies, without a slash at the end
/// @param must a certificate of this CA counts only with a proof that it is in the log
public record AnchorLog(LogPolicy policy, String url, boolean must) {
    static final int MAX_URL = 500;
    static final Set<String> LINES = Set.of("log", "log-url", "witnesses", "quorum", "must-log");
    private static final Pattern URL =
            Pattern.compile("https?://([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*");
    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]?");

    public AnchorLog {
        if (!isUrl(url)) throw new IllegalArgumentException("URL of a log");
    }

    static boolean isUrl(String text) {
        return text.length() <= MAX_URL && URL.matcher(text).matches();
    }

    /// Where a log lies by custom: its name is its URL without the scheme.
    public static String usualUrl(NoteKey log) {
        return "https://" + log.name();
    }

    static AnchorLog of(NoteKey log, List<NoteKey> witnesses, String quorum, String url, String must)
            throws IdentityException {
        if (!quorum.isEmpty() && !NUMBER.matcher(quorum).matches()) throw new IdentityException("malformed", "quorum");
        // More than half: two heads that exclude each other are not both believed then.
        int wanted = !quorum.isEmpty() ? Integer.parseInt(quorum) : witnesses.isEmpty() ? 0 : witnesses.size() / 2 + 1;
        if (!must.isEmpty() && !must.equals("yes") && !must.equals("no"))
            throw new IdentityException("malformed", "must-log");
        String where = url.isEmpty() ? usualUrl(log) : url;
        if (!isUrl(where)) throw new IdentityException("malformed", "log-url");
        try {
            return new AnchorLog(new LogPolicy(log, witnesses, wanted), where, must.equals("yes"));
        } catch (IllegalArgumentException e) {
            throw new IdentityException("malformed", String.valueOf(e.getMessage()));
        }
    }

    List<String> lines() {
        var lines = new ArrayList<String>();
        lines.add("log: " + policy.log().text());
        lines.add("log-url: " + url);
        if (!policy.witnesses().isEmpty()) {
            var keys = policy.witnesses().stream().map(NoteKey::text).toList();
            lines.add("witnesses: " + String.join(" ", keys));
            lines.add("quorum: " + policy.quorum());
        }
        if (must) lines.add("must-log: yes");
        return lines;
    }
}
