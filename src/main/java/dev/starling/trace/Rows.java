package dev.starling.trace;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// Draws the rows of one ladder: where its columns stand, and arrows between them. When the columns do not fit, a row
/// is
/// one line of text.
final class Rows {
    private static final int FIRST = 12, MIN_GAP = 16, WIDE = 96, WIDE_NOTE = 26, MEDIUM = 72, MEDIUM_NOTE = 18;

    /// A blank at each side of a label, the head of the arrow, and one piece of its line at least.
    private static final int AROUND = 4;

    /// Places kept for those who usually come: both ends of a call and this server.
    private static final int USUAL = 3;

    private final Style style;
    private final List<String> names;
    private final int gap;

    /// @param names of the columns, from left to right
    Rows(Style style, List<String> names) {
        this.style = style;
        this.names = names;
        int usual = gap(Math.max(USUAL, names.size()));
        gap = usual >= MIN_GAP ? usual : gap(names.size());
    }

    private int gap(int columns) {
        int note = style.width() >= WIDE ? WIDE_NOTE : style.width() >= MEDIUM ? MEDIUM_NOTE : 1;
        return columns < 2 ? 0 : (style.width() - FIRST - note) / (columns - 1);
    }

    private int at(int column) {
        return FIRST + column * gap;
    }

    boolean isLadder() {
        return gap >= MIN_GAP;
    }

    /// The names over the columns.
    String head() {
        var row = new StringBuilder();
        for (int i = 0; i < names.size(); i++) {
            int least = row.isEmpty() ? 0 : row.length() + 1;
            String name = Parties.fit(names.get(i), gap - 1);
            int centred = Math.min(at(i) - name.length() / 2, style.width() - name.length());
            int start = Math.max(centred, least);
            row.append(" ".repeat(start - row.length())).append(Parties.fit(name, style.width() - start));
        }
        return row.toString();
    }

    /// One message: a row, or where the columns do not fit one or two lines of text.
    ///
    /// @param time printed at the left
    /// @param repeat how often the same was seen before
    List<String> arrow(String time, int from, int to, Summary summary, int repeat, int colour) {
        var parts = Stream.of(summary.what(), again(repeat), summary.cseq(), summary.note())
                .filter(part -> !part.isEmpty())
                .toList();
        if (!isLadder() || from == to) return text(time, from, to, String.join(" ", parts), colour);
        char[] row = new char[at(names.size() - 1) + 1];
        Arrays.fill(row, ' ');
        place(row, 0, time);
        for (int i = 0; i < names.size(); i++) row[at(i)] = style.bar();
        int left = at(Math.min(from, to)), right = at(Math.max(from, to)), length = right - left - 1;
        Arrays.fill(row, left + 1, right, repeat == 0 ? style.line() : style.again());
        if (from < to) row[right - 1] = '>';
        else row[left + 1] = '<';
        // As much as fits stands on the arrow, the rest behind the ladder.
        int on = parts.size();
        while (on > 1 && join(parts, 0, on).length() > length - AROUND) on--;
        String inside = " " + Printable.fit(join(parts, 0, on), length - AROUND) + " ";
        place(row, left + 1 + (length - inside.length()) / 2, inside);
        String note = Printable.fit(join(parts, on, parts.size()), style.width() - row.length - 1);
        String drawn = new String(row);
        return List.of(drawn.substring(0, left + 1)
                + style.coloured(drawn.substring(left + 1, right), colour)
                + drawn.substring(right)
                + (note.isEmpty() ? "" : " " + note));
    }

    private static String again(int repeat) {
        return repeat == 0 ? "" : repeat == 1 ? "again" : "again " + repeat;
    }

    private static String join(List<String> parts, int from, int to) {
        return String.join(" ", parts.subList(from, to));
    }

    /// The same without a ladder.
    List<String> text(String time, int from, int to, String all, int colour) {
        String arrow = " > ", indent = " ".repeat(FIRST), start = (time + indent).substring(0, FIRST);
        int room = style.width() - FIRST, most = (room - arrow.length()) / 2;
        String ends = Parties.fit(names.get(from), most) + arrow + Parties.fit(names.get(to), most);
        if (ends.length() + 2 + all.length() <= room) return List.of(start + ends + "  " + style.coloured(all, colour));
        return List.of(start + ends, indent + style.coloured(Printable.fit(all, room), colour));
    }

    private static void place(char[] row, int start, String text) {
        text.getChars(0, Math.min(text.length(), row.length - start), row, start);
    }
}
