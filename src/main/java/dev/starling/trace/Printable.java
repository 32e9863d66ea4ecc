package dev.starling.trace;

/// Text of strangers, made fit for a terminal: printable ASCII and nothing else, so that no escape sequence, line end
/// or mark of writing direction gets there, and each character takes one place.
final class Printable {
    private Printable() {}

    static String of(String text) {
        var plain = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            plain.append(c >= ' ' && c <= '~' ? c : '?');
        }
        return plain.toString();
    }

    /// Cut to `most` characters, the last of which then says so.
    static String of(String text, int most) {
        String plain = of(text.length() > most + 1 ? text.substring(0, most + 1) : text);
        return fit(plain, most);
    }

    /// The same for text that is printable already.
    static String fit(String plain, int most) {
        if (plain.length() <= most) return plain;
        return most < 1 ? "" : plain.substring(0, most - 1) + "~";
    }
}
