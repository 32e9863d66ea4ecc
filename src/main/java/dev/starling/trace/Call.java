package dev.starling.trace;

import dev.starling.sip.message.SipMessage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What the ladder remembers of the messages of one Call-ID: when they began, who took part, which were seen before,
/// and
/// which dialogs there are.
final class Call {
    private static final int MAX_PARTIES = 24, MAX_REMEMBERED = 256;

    /// Who has no column of his own.
    private static final String REST = "others";

    private final int number;
    private final Instant start;
    private final List<String> columns = new ArrayList<>();
    private final Map<String, Integer> seen = bounded();
    private final Map<String, Integer> dialogs = bounded();
    private final Map<Long, Boolean> offers = bounded();
    private int dialogsEver;

    /// @param number of the call, from which its colours come
    Call(int number, Instant start) {
        this.number = number;
        this.start = start;
    }

    private static <K, V> Map<K, V> bounded() {
        return new LinkedHashMap<>() {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return size() > MAX_REMEMBERED;
            }
        };
    }

    Duration since(Instant at) {
        return Duration.between(start, at);
    }

    /// The column of a party; a new one stands at the right.
    int column(String party) {
        int known = columns.indexOf(party);
        if (known >= 0) return known;
        if (columns.size() == MAX_PARTIES) return MAX_PARTIES - 1;
        columns.add(columns.size() == MAX_PARTIES - 1 ? REST : party);
        return columns.size() - 1;
    }

    List<String> columns() {
        return List.copyOf(columns);
    }

    /// How often exactly these bytes were seen before on their way: RFC 3261, section 17.1.1.2, sends them unchanged.
    int repeat(Parties.Ends ends, byte[] bytes) {
        String key = ends.from() + " " + ends.to() + " " + bytes.length + " " + Arrays.hashCode(bytes);
        return seen.merge(key, 1, Integer::sum) - 1;
    }

    /// Whether the INVITE with the CSeq of this message held an offer; empty when it was not seen.
    Optional<Boolean> offered(SipMessage message) {
        if (message.isRequest() && message.method().equals("INVITE")) offers.put(message.cseq(), message.hasSdp());
        return message.cseqMethod().equals("INVITE") || message.cseqMethod().equals("ACK")
                ? Optional.ofNullable(offers.get(message.cseq()))
                : Optional.of(true);
    }

    /// The number of the dialog (RFC 3261, section 12): each To tag of a fork has its own, what stands outside of one
    /// the
    /// number of the call.
    int dialog(SipMessage message) {
        var to = message.toTag();
        if (to.isEmpty()) return number;
        String from = message.fromTag().orElse("");
        // The same two tags, whoever of the two asks.
        String key = from.compareTo(to.get()) < 0 ? from + " " + to.get() : to.get() + " " + from;
        return number + dialogs.computeIfAbsent(key, _ -> dialogsEver++);
    }
}
