package dev.starling.trace;

import java.util.List;

/// How lines look: width in characters, with colours or without, lines of boxes or ASCII alone.
public record Style(int width, boolean colour, boolean boxes) {
    private static final int MIN_WIDTH = 40, MAX_WIDTH = 400;
    private static final List<String> COLOURS = List.of("36", "33", "32", "35", "34", "96", "93", "95");
    private static final String ESCAPE = "\u001b[";

    public Style {
        width = Math.clamp(width, MIN_WIDTH, MAX_WIDTH);
    }

    char bar() {
        return boxes ? '\u2502' : '|';
    }

    char line() {
        return boxes ? '\u2500' : '-';
    }

    /// Of a message that was sent before.
    char again() {
        return boxes ? '\u254c' : '.';
    }

    /// `text` in the colour of the `number`-th dialog.
    String coloured(String text, int number) {
        return colour ? ESCAPE + COLOURS.get(Math.floorMod(number, COLOURS.size())) + "m" + text + ESCAPE + "0m" : text;
    }

    String bold(String text) {
        return colour ? ESCAPE + "1m" + text + ESCAPE + "0m" : text;
    }
}
