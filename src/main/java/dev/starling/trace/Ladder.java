package dev.starling.trace;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/// Messages as rows of a ladder, one block for each Call-ID; a block that was interrupted by another one begins anew
/// with its head. It has no clock and no terminal.
public final class Ladder {
    private static final int MAX_CALLS = 1024, MAX_CALL_ID = 24;
    private static final int MAX_RAW = 400;
    private static final Pattern OVERWRITTEN = Pattern.compile("x{16,}");
    private static final String NO_CALL = "";

    private final Supplier<Style> styles;
    private final boolean raw;
    private final DateTimeFormatter clock;
    private final Parties parties = new Parties();
    private final Map<String, Call> calls = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Call> eldest) {
            return size() > MAX_CALLS;
        }
    };
    private String current = "\n";
    private List<String> head = List.of();
    private int callsEver;

    /// @param styles asked again for each block: a terminal may have another width by then
    /// @param raw whether the header follows each row
    public Ladder(Supplier<Style> styles, boolean raw, ZoneId zone) {
        this.styles = styles;
        this.raw = raw;
        clock = DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(zone);
    }

    /// The lines that this message adds.
    ///
    /// @throws SipException the sighting holds bytes that are no message, and does not say so
    List<String> on(Sighting sighting) throws SipException {
        var lines = new ArrayList<String>();
        if (sighting.lost() > 0) lines.add("(" + sighting.lost() + " messages lost: shown too slowly)");
        if (sighting.notice().isEmpty())
            row(sighting, SipMessage.read(sighting.capture().payload()), lines);
        else nothing(sighting, lines);
        return lines;
    }

    private void row(Sighting sighting, SipMessage message, List<String> lines) {
        parties.learn(sighting, message);
        byte[] bytes = message.bytes();
        var call = call(message.callId(), sighting.capture().at());
        var ends = parties.of(sighting);
        int from = call.column(ends.from()), to = call.column(ends.to()), repeat = call.repeat(ends, bytes);
        var summary = Summary.of(message, call.offered(message));
        var rows = rows(message.callId(), title(message), sighting.capture().at(), call, lines);
        lines.addAll(rows.arrow(time(call, sighting), from, to, summary, repeat, call.dialog(message)));
        if (raw) raw(message, lines);
    }

    private void nothing(Sighting sighting, List<String> lines) {
        var ends = parties.of(sighting);
        var call = call(NO_CALL, sighting.capture().at());
        int from = call.column(ends.from()), to = call.column(ends.to());
        var rows = rows(NO_CALL, "no SIP", sighting.capture().at(), call, lines);
        lines.addAll(rows.text(time(call, sighting), from, to, Printable.of(sighting.notice()), 0));
    }

    private Call call(String callId, Instant at) {
        return calls.computeIfAbsent(callId, _ -> new Call(callsEver++, at));
    }

    /// Writes the head of a block where one begins, or where its columns changed.
    private Rows rows(String callId, String title, Instant at, Call call, List<String> lines) {
        var style = styles.get();
        var names = call.columns().stream().map(parties::name).toList();
        var sure = call.columns().stream().map(parties::surely).toList();
        var rows = new Rows(style, names);
        if (!callId.equals(current)) {
            String line = String.valueOf(style.line()).repeat(2);
            lines.add("");
            lines.add(style.bold(Printable.fit(line + " " + clock.format(at) + " " + title, style.width())));
        }
        if (rows.isLadder() && !(callId.equals(current) && sure.equals(head))) lines.add(rows.head());
        current = callId;
        head = sure;
        return rows;
    }

    private static String title(SipMessage message) {
        String id = Printable.of(message.callId(), MAX_CALL_ID);
        try {
            String from = message.from().uri(), to = message.to().uri();
            return Parties.address(from).orElseGet(() -> Printable.of(from, MAX_CALL_ID)) + " > "
                    + Parties.address(to).orElseGet(() -> Printable.of(to, MAX_CALL_ID)) + "  " + id;
        } catch (SipException e) {
            return id;
        }
    }

    private static String time(Call call, Sighting sighting) {
        Duration since = call.since(sighting.capture().at());
        return String.format(Locale.ROOT, "%+.3f", since.toMillis() / 1000.0);
    }

    private static void raw(SipMessage message, List<String> lines) {
        byte[] bytes = message.bytes();
        int length = bytes.length - message.bodyLength();
        String text = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
        for (String line : text.strip().split("\r?\n"))
            lines.add("    " + Printable.of(OVERWRITTEN.matcher(line).replaceAll("xxx..."), MAX_RAW));
        if (message.bodyLength() > 0) lines.add("    (" + message.bodyLength() + " bytes of body)");
    }
}
