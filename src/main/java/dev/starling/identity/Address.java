package dev.starling.identity;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Locale;
import java.util.regex.Pattern;

/// An e-mail address or an E.164 number in the one form that is hashed, signed and compared
/// (docs/protocols/formats.md, section 1).
///
/// `text` is for example `bob@example.net` or `+4930123456`.
public record Address(String text) implements Comparable<Address> {
    public static final int MAX_LENGTH = 254;
    private static final int MAX_LOCAL = 64;
    private static final int MAX_LABEL = 63;
    private static final Pattern PHONE = Pattern.compile("\\+[1-9][0-9]{6,14}");
    private static final Pattern ATOMS =
            Pattern.compile("[a-z0-9!#$&'*+/=?^_`{|}~-]+(\\.[a-z0-9!#$&'*+/=?^_`{|}~-]+)*");
    private static final Pattern LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?");
    // Letters, marks and digits, without the two letters (sharp s, final sigma) that resolvers map in different ways.
    private static final Pattern UNICODE_LABEL =
            Pattern.compile("(?![-\\p{M}])(?!.*-$)(?!..--)[a-z0-9\\p{L}\\p{M}\\p{Nd}-&&[^\\x{df}\\x{3c2}]]{1,63}");
    private static final String UNESCAPED =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()&=+$,;?/";

    public Address {
        if (text.isEmpty() || text.length() > MAX_LENGTH) throw new IllegalArgumentException("not an address");
    }

    /// Normalises what a person typed. Refuses with the first reason of formats.md, section 1, that applies.
    public static Address parse(String typed) throws IdentityException {
        if (typed.isEmpty()) throw new IdentityException("empty");
        if (typed.length() > MAX_LENGTH) throw new IdentityException("too-long");
        if (typed.codePoints().anyMatch(Address::isControl)) throw new IdentityException("control-character");
        if (typed.codePoints().anyMatch(Address::isSpace)) throw new IdentityException("space");
        if (typed.startsWith("+") && typed.indexOf('@') < 0) {
            if (!PHONE.matcher(typed).matches()) throw new IdentityException("phone-syntax");
            return new Address(typed);
        }
        int at = typed.indexOf('@');
        if (at < 0) throw new IdentityException("no-at");
        if (typed.indexOf('@', at + 1) >= 0) throw new IdentityException("two-ats");
        String address = local(typed.substring(0, at)) + "@" + domain(typed.substring(at + 1));
        if (address.length() > MAX_LENGTH) throw new IdentityException("too-long");
        return new Address(address);
    }

    /// Whether that is an e-mail address, in its one form and nothing else; whoever made the text.
    public static boolean isMailbox(String text) {
        try {
            Address address = parse(text);
            return address.text().equals(text) && !address.isPhone();
        } catch (IdentityException e) {
            return false;
        }
    }

    /// Reads `sip:local@domain` (with any escapes; parameters are ignored) or `tel:+…`.
    public static Address ofUri(String uri) throws IdentityException {
        if (uri.startsWith("tel:")) return parse(uri.substring(4));
        if (!uri.regionMatches(true, 0, "sip:", 0, 4)) throw new IdentityException("not-a-sip-uri");
        int end = uri.indexOf(';');
        return parse(unescape(uri.substring(4, end < 0 ? uri.length() : end)));
    }

    /// `sip:bob@example.net`, or `tel:+4930123456`.
    public String uri() {
        if (isPhone()) return "tel:" + text;
        int at = text.indexOf('@');
        var uri = new StringBuilder("sip:");
        for (char c : text.substring(0, at).toCharArray()) {
            if (UNESCAPED.indexOf(c) >= 0) uri.append(c);
            else uri.append('%').append(String.format("%02X", (int) c));
        }
        return uri.append(text, at, text.length()).toString();
    }

    public boolean isPhone() {
        return text.charAt(0) == '+' && text.indexOf('@') < 0;
    }

    /// What follows the `@`, in lower case; "" of a number.
    public String domain() {
        return isPhone() ? "" : text.substring(text.indexOf('@') + 1);
    }

    public byte[] bytes() {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public int compareTo(Address other) {
        return text.compareTo(other.text);
    }

    @Override
    public String toString() {
        return text;
    }

    private static String local(String part) throws IdentityException {
        if (part.chars().anyMatch(c -> c > 0x7e)) throw new IdentityException("not-ascii");
        if (part.length() > MAX_LOCAL) throw new IdentityException("local-too-long");
        String lower = part.toLowerCase(Locale.ROOT);
        if (lower.startsWith("-") || !ATOMS.matcher(lower).matches()) throw new IdentityException("local-syntax");
        return lower;
    }

    private static String domain(String part) throws IdentityException {
        if (part.startsWith("[")) throw new IdentityException("domain-literal");
        String ascii = part.chars().allMatch(c -> c < 0x80) ? part.toLowerCase(Locale.ROOT) : fromUnicode(part);
        String[] labels = ascii.split("\\.", -1);
        for (String label : labels) {
            if (label.length() > MAX_LABEL) throw new IdentityException("label-too-long");
            if (!LABEL.matcher(label).matches()) throw new IdentityException("domain-syntax");
        }
        if (labels.length < 2) throw new IdentityException("single-label");
        if (!Character.isLetter(labels[labels.length - 1].charAt(0))) throw new IdentityException("domain-syntax");
        return ascii;
    }

    // Not java.net.IDN: it maps letters otherwise than a browser does, and then one name has two owners.
    private static String fromUnicode(String part) throws IdentityException {
        // Which small sigma a capital one becomes depends on its neighbours, and on who asks.
        if (part.indexOf('\u03a3') >= 0) throw new IdentityException("idn");
        String lower = Normalizer.normalize(part, Normalizer.Form.NFC).toLowerCase(Locale.ROOT);
        if (!Normalizer.isNormalized(lower, Normalizer.Form.NFKC)) throw new IdentityException("idn");
        var labels = new ArrayList<String>();
        for (String label : lower.split("\\.", -1)) {
            boolean ascii = label.chars().allMatch(c -> c < 0x80);
            if (!ascii && !UNICODE_LABEL.matcher(label).matches()) throw new IdentityException("idn");
            labels.add(ascii ? label : "xn--" + Punycode.encode(label));
        }
        return String.join(".", labels);
    }

    private static boolean isControl(int c) {
        return c < 0x20
                || (c >= 0x7f && c < 0xa0 && c != 0x85)
                || (c >= 0x200b && c <= 0x200f)
                || (c >= 0x2028 && c <= 0x202e)
                || (c >= 0x2060 && c <= 0x2064)
                || c == 0xfeff;
    }

    private static boolean isSpace(int c) {
        return c == 0x20 || c == 0x85 || c == 0xa0 || Character.isSpaceChar(c) || Character.isWhitespace(c);
    }

    private static String unescape(String escaped) throws IdentityException {
        var plain = new StringBuilder();
        for (int i = 0; i < escaped.length(); i++) {
            char c = escaped.charAt(i);
            if (c != '%') plain.append(c);
            else if (i + 2 < escaped.length() && hex(escaped.charAt(i + 1)) && hex(escaped.charAt(i + 2))) {
                plain.append((char) Integer.parseInt(escaped, i + 1, i + 3, 16));
                i += 2;
            } else throw new IdentityException("not-a-sip-uri");
        }
        return plain.toString();
    }

    private static boolean hex(char c) {
        return Character.digit(c, 16) >= 0 && c < 0x80;
    }
}
