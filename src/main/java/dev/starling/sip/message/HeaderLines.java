package dev.starling.sip.message;

import java.util.Arrays;

/// Where each header line of a message lies in its bytes, in two arrays: messages are kept by the thousand, each with a
/// dozen of lines. Written by whoever made the message: the parser, or [Edit].
final class HeaderLines {
    /// Of each line: where it starts, where its value does and ends, without blanks, and where the next one starts.
    private static final int NUMBERS = 4;

    private String[] names;
    private int[] places;
    private int size;

    /// @param lines how many there will be, about
    HeaderLines(int lines) {
        names = new String[lines];
        places = new int[lines * NUMBERS];
    }

    /// @param name long and in lower case, as [HeaderName] gives it
    void add(String name, int start, int valueStart, int valueEnd, int end) {
        if (size == names.length) {
            names = Arrays.copyOf(names, 2 * size);
            places = Arrays.copyOf(places, 2 * size * NUMBERS);
        }
        names[size] = name;
        int at = size++ * NUMBERS;
        places[at] = start;
        places[at + 1] = valueStart;
        places[at + 2] = valueEnd;
        places[at + 3] = end;
    }

    int size() {
        return size;
    }

    String name(int line) {
        return names[line];
    }

    int start(int line) {
        return places[line * NUMBERS];
    }

    int valueStart(int line) {
        return places[line * NUMBERS + 1];
    }

    int valueEnd(int line) {
        return places[line * NUMBERS + 2];
    }

    int end(int line) {
        return places[line * NUMBERS + 3];
    }

    /// The first line of that name from `from` on; -1 when there is none.
    int next(String name, int from) {
        for (int i = from; i < size; i++) if (names[i].equals(name)) return i;
        return -1;
    }
}
