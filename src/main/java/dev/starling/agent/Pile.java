package dev.starling.agent;

import dev.starling.identity.Address;
import dev.starling.identity.DeviceId;
import dev.starling.record.Bodies;
import dev.starling.record.SignedRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Letters of one look, not yet believed: so many of each address that is named, in the order in which they were
/// written, and all addresses in turn, so that whoever fills the box keeps nobody waiting.
final class Pile {
    static final int MAX_OF_ONE = 100, MAX_BYTES_OF_ONE = 1 << 20, MAX_ADDRESSES = 500;

    /// @param value name of the value that it lay in
    /// @param bytes of the record
    record Letter(DeviceId value, SignedRecord record, Bodies.Inbox inbox, byte[] bytes) {}

    private static final Comparator<Letter> ORDER =
            Comparator.comparingLong(letter -> letter.record().sequence());

    private static final class Row {
        final List<Letter> letters = new ArrayList<>();
        int bytes;
    }

    private final Map<Address, Row> rows = new LinkedHashMap<>();
    private boolean overfull;

    void add(Letter letter) {
        Address from = letter.record().address();
        if (!rows.containsKey(from) && rows.size() >= MAX_ADDRESSES) {
            overfull = true;
            return;
        }
        Row row = rows.computeIfAbsent(from, _ -> new Row());
        if (row.letters.stream().anyMatch(each -> each.value.equals(letter.value))) return;
        if (row.letters.size() >= MAX_OF_ONE || row.bytes + letter.bytes.length > MAX_BYTES_OF_ONE) {
            overfull = true;
            return;
        }
        row.letters.add(letter);
        row.bytes += letter.bytes.length;
    }

    /// Not all had room.
    boolean isOverfull() {
        return overfull;
    }

    List<Letter> inTurn() {
        var sorted = rows.values().stream()
                .map(row -> row.letters.stream().sorted(ORDER).toList())
                .toList();
        var all = new ArrayList<Letter>();
        for (int i = 0; i < MAX_OF_ONE; i++) for (var row : sorted) if (i < row.size()) all.add(row.get(i));
        return all;
    }
}
