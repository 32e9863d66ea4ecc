package dev.starling.trace;

import java.util.Arrays;
import java.util.List;

/// Draws the rows of one ladder: where its columns stand, and arrows between them. When the columns do not fit, a row
/// is
/// one line of text.
final class Rows {
    private static final int FIRST = 12,
            MIN_GAP = 16,
            WIDE = 96,
            WIDE_NOTE = 26,
            MEDIUM = 72,
            MEDIUM_NOTE = 18,
            HEAD = 4;

    private final Style style;
    private final List<String> names;
    private final int[] at;

    /// @param names of the columns, from left to right
    Rows(Style style, List<String> names) {
        this.style = style;
        this.names = names;
        at = new int[names.size()];
        int note = style.width() >= WIDE ? WIDE_NOTE : style.width() >= MEDIUM ? MEDIUM_NOTE : 1;
        int gap = names.size() < 2 ? 0 : (style.width() - FIRST - note) / (names.size() - 1);
        for (int i = 0; i < at.length; i++) at[i] = FIRST + i * gap;
    }

    private int gap() {
        return at.length < 2 ? 0 : at[1] - at[0];
    }

    boolean isLadder() {
        return gap() >= MIN_GAP;
    }

    /// The names over the columns.
    String head() {
        var row = new StringBuilder();
        for (int i = 0; i < at.length; i++) {
            int most = i == at.length - 1 ? Math.max(gap() - 1, style.width() - at[i]) : gap() - 1;
            String name = Parties.fit(names.get(i), most);
            int start = Math.max(at[i] - name.length() / 2, row.isEmpty() ? 0 : row.length() + 1);
            start = Math.min(start, Math.max(row.length(), style.width() - name.length()));
            row.append(" ".repeat(Math.max(0, start - row.length()))).append(name);
        }
        return row.toString();
    }

    /// @param time printed at the left
    /// @param repeat how often the same was seen before
    String arrow(String time, int from, int to, Summary summary, int repeat, int colour) {
        String label = (repeat == 0 ? "" : repeat == 1 ? "again: " : "again " + repeat + ": ") + summary.label();
        if (!isLadder() || from == to) return text(time, from, to, label, summary.note(), colour);
        char[] row = new char[at[at.length - 1] + 1];
        Arrays.fill(row, ' ');
        place(row, 0, time);
        for (int x : at) row[x] = style.bar();
        int left = Math.min(at[from], at[to]), right = Math.max(at[from], at[to]);
        Arrays.fill(row, left + 1, right, repeat == 0 ? style.line() : style.again());
        if (from < to) row[right - 1] = '>';
        else row[left + 1] = '<';
        int room = right - left - 1 - HEAD;
        boolean whole = label.length() + 1 + summary.note().length() <= room;
        String inside = whole ? (label + " " + summary.note()).trim() : Printable.fit(label, room);
        place(row, left + 1 + (right - left - 1 - inside.length()) / 2, inside);
        String note = whole ? "" : Printable.fit(summary.note(), style.width() - row.length - 1);
        String drawn = new String(row);
        return drawn.substring(0, left + 1)
                + style.coloured(drawn.substring(left + 1, right), colour)
                + drawn.substring(right)
                + (note.isEmpty() ? "" : " " + note);
    }

    private String text(String time, int from, int to, String label, String note, int colour) {
        int most = Math.max(8, (style.width() - FIRST) / 4);
        String ends = Parties.fit(names.get(from), most) + " > " + Parties.fit(names.get(to), most) + "  ";
        String rest = Printable.fit((label + " " + note).trim(), Math.max(HEAD, style.width() - FIRST - ends.length()));
        return time + " ".repeat(Math.max(1, FIRST - time.length())) + ends + style.coloured(rest, colour);
    }

    private static void place(char[] row, int start, String text) {
        text.getChars(0, Math.min(text.length(), row.length - start), row, start);
    }
}
