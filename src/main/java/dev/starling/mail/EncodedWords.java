package dev.starling.mail;

import static dev.starling.mail.MailRefused.unless;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Encoded words of a Subject (RFC 2047, with the language tag of RFC 2231), in the two character sets that
/// RFC 8823, section 3.1, allows: UTF-8 and US-ASCII.
public final class EncodedWords {
    private static final Pattern WORD = Pattern.compile(
            "=\\?(?<charset>[A-Za-z0-9_-]{1,40})(\\*[A-Za-z0-9-]{1,40})?\\?(?<how>[BbQq])\\?(?<text>[!->@-~]{0,998})\\?=");
    private static final Pattern BETWEEN = Pattern.compile("(?<=\\?=)[ \\t]+(?==\\?)");

    private EncodedWords() {}

    /// @param value an unfolded field
    public static String decode(String value) throws MailRefused {
        // RFC 2047, section 6.2: blanks between two encoded words are not part of the text.
        var words = WORD.matcher(BETWEEN.matcher(value).replaceAll(""));
        var plain = new StringBuilder();
        while (words.find())
            words.appendReplacement(
                    plain,
                    Matcher.quoteReplacement(word(
                            words.group("charset").toLowerCase(Locale.ROOT), words.group("how"), words.group("text"))));
        return words.appendTail(plain).toString();
    }

    private static String word(String charset, String how, String text) throws MailRefused {
        unless(charset.equals("utf-8") || charset.equals("us-ascii"), Reason.SUBJECT_CHARSET);
        byte[] bytes = how.equalsIgnoreCase("b") ? base64(text) : quoted(text);
        var decoder = (charset.equals("utf-8") ? StandardCharsets.UTF_8 : StandardCharsets.US_ASCII).newDecoder();
        try {
            String plain = decoder.decode(ByteBuffer.wrap(bytes)).toString();
            unless(plain.chars().noneMatch(Character::isISOControl), Reason.SUBJECT_CHARSET);
            return plain;
        } catch (CharacterCodingException e) {
            throw new MailRefused(Reason.SUBJECT_CHARSET);
        }
    }

    private static byte[] base64(String text) throws MailRefused {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new MailRefused(Reason.SUBJECT_CHARSET);
        }
    }

    private static byte[] quoted(String text) throws MailRefused {
        var bytes = new byte[text.length()];
        int length = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '=') {
                int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
                int low = high < 0 ? -1 : Character.digit(text.charAt(i + 2), 16);
                unless(low >= 0, Reason.SUBJECT_CHARSET);
                bytes[length++] = (byte) (high << 4 | low);
                i += 2;
            } else bytes[length++] = (byte) (c == '_' ? ' ' : c);
        }
        return Arrays.copyOf(bytes, length);
    }
}
