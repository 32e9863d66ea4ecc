package dev.starling.trace;

import dev.starling.sip.message.SipMessage;
import dev.starling.sip.message.Tokens;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// A message in a few words. Nothing of a body but the names of codecs.
///
/// @param what `INVITE` or `180 Ringing`
/// @param cseq `(1)` or `(1 INVITE)`
/// @param note what else is worth a word; "" for nothing
record Summary(String what, String cseq, String note) {
    private static final int MAX_REASON = 40, MAX_METHOD = 20, MAX_NOTE = 60, MAX_CODECS = 4, MAX_CODEC = 12;
    private static final Pattern RTPMAP = Pattern.compile("(?m)^a=rtpmap:\\d{1,3} ([A-Za-z0-9.-]{1,40})/");
    private static final Pattern AUDIO = Pattern.compile("(?m)^m=audio \\S{1,11} \\S{1,40}((?: \\d{1,3}){1,64})");
    private static final Pattern HELD = Pattern.compile("(?m)^a=(sendonly|inactive)\\r?$");
    private static final Pattern CAUSE = Pattern.compile("(?i)[;\\s]cause\\s*=\\s*(\\d{3})");

    /// Names that SDP may leave out: RFC 3551, section 6.
    private static final Map<String, String> STATIC =
            Map.of("0", "PCMU", "3", "GSM", "8", "PCMA", "9", "G722", "18", "G729");

    /// Beside what is heard.
    private static final Set<String> NO_CODEC = Set.of("telephone-event", "cn", "red", "rtx", "ulpfec");

    /// @param offered whether the INVITE of the same CSeq held an offer; empty when it was not seen
    static Summary of(SipMessage message, Optional<Boolean> offered) {
        String method = Printable.of(message.cseqMethod(), MAX_METHOD);
        String what = message.isRequest()
                ? Printable.of(message.method(), MAX_METHOD)
                : (message.status() + " " + Printable.of(message.reason(), MAX_REASON)).trim();
        String cseq = "(" + message.cseq() + (message.isRequest() ? "" : " " + method) + ")";
        String note = message.hasSdp() ? sdp(message, offered) : other(message);
        return new Summary(what, cseq, Printable.fit(note, MAX_NOTE));
    }

    private static String sdp(SipMessage message, Optional<Boolean> offered) {
        String sdp = new String(message.body(), StandardCharsets.ISO_8859_1);
        String codecs = codecs(sdp), held = HELD.matcher(sdp).find() ? ", on hold" : "";
        return side(message, offered) + (codecs.isEmpty() ? "" : ": " + codecs) + held;
    }

    // RFC 3261, section 13.2.1: an offer in the INVITE, or else in the first answer to it, and then the ACK answers.
    private static String side(SipMessage message, Optional<Boolean> offered) {
        boolean first = message.isRequest() && !message.method().equals("ACK");
        if (first) return "offer";
        if (offered.isEmpty()) return "SDP";
        return message.isRequest() != offered.get() ? "answer" : "offer";
    }

    private static String codecs(String sdp) {
        var names = new LinkedHashSet<String>();
        RTPMAP.matcher(sdp).results().limit(64).forEach(each -> names.add(each.group(1)));
        var audio = AUDIO.matcher(sdp);
        if (audio.find())
            for (String type : audio.group(1).trim().split(" ")) {
                String name = STATIC.get(type);
                if (name != null && names.stream().noneMatch(name::equalsIgnoreCase)) names.add(name);
            }
        names.removeIf(each -> NO_CODEC.contains(each.toLowerCase(Locale.ROOT)));
        var shown = names.stream()
                .limit(MAX_CODECS)
                .map(each -> Printable.of(each, MAX_CODEC))
                .toList();
        return String.join(" ", shown) + (names.size() > MAX_CODECS ? " ..." : "");
    }

    private static String other(SipMessage message) {
        var note = new StringBuilder();
        String method = message.cseqMethod();
        message.first("event").ifPresent(event -> note.append(' ').append(Tokens.head(event, ';')));
        message.first("subscription-state").ifPresent(state -> note.append(' ').append(Tokens.head(state, ';')));
        if (method.equals("REGISTER") && message.isRequest())
            message.first("expires").ifPresent(time -> note.append(" expires ").append(time));
        message.first("reason")
                .map(CAUSE::matcher)
                .filter(java.util.regex.Matcher::find)
                .ifPresent(cause -> note.append(" cause ").append(cause.group(1)));
        if (message.bodyLength() > 0)
            note.append(' ').append(message.bodyLength()).append(" bytes");
        return Printable.of(note.toString().trim(), MAX_NOTE);
    }
}
