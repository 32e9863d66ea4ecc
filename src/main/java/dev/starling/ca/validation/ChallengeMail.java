package dev.starling.ca.validation;

import java.net.URI;
import java.util.Locale;
import java.util.Optional;

/// The words of the mail that carries the code, as plain text and as simple HTML. RFC 8823, section 3.1, leaves the
/// body
/// free. No link but the one to the page where one can ask for no more mails, because mail scanners follow links.
public final class ChallengeMail {
    private ChallengeMail() {}

    /// RFC 8823, section 3: the Subject carries the token.
    public static String subject(String code) {
        return "ACME: " + code;
    }

    /// @param language an Accept-Language header; English unless it prefers German
    public static String text(String address, String code, String language) {
        return (language.toLowerCase(Locale.ROOT).startsWith("de") ? GERMAN : ENGLISH)
                .replace("{address}", address)
                .replace("{code}", code);
    }

    /// The whole mail, for a challenge that can be answered by mail, too.
    ///
    /// @param optOut the page where the address can be put on the list of those that get no mails
    /// @param tag by which a bounce can be told; "" for none
    public static Mailer.Letter letter(String address, String code, String language, Optional<URI> optOut, String tag) {
        boolean german = language.toLowerCase(Locale.ROOT).startsWith("de");
        String text = text(address, code, language) + "\n" + (german ? REPLY_GERMAN : REPLY_ENGLISH);
        String html = html(text);
        if (optOut.isPresent()) {
            String stop = german ? STOP_GERMAN : STOP_ENGLISH,
                    page = optOut.get().toString();
            text += "\n" + stop + "\n    " + page + "\n";
            html += "<p>" + escaped(stop) + "<br><a href=\"" + escaped(page) + "\">" + escaped(page) + "</a></p>";
        }
        return new Mailer.Letter(
                address, subject(code), text, "<!doctype html><html><body>" + html + "</body></html>\n", tag);
    }

    /// Paragraphs; what is indented is the code.
    private static String html(String text) {
        var html = new StringBuilder();
        for (String paragraph : text.strip().split("\n\n"))
            html.append(paragraph.startsWith("    ") ? "<pre>" : "<p>")
                    .append(escaped(paragraph.strip()))
                    .append(paragraph.startsWith("    ") ? "</pre>" : "</p>");
        return html.toString();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    private static final String STOP_ENGLISH = "Never want such a mail again?",
            STOP_GERMAN = "Sie wollen nie wieder eine solche Mail bekommen?";

    private static final String REPLY_ENGLISH = """
            If a program of yours confirms addresses by itself, it answers this mail and there is nothing to do.
            """;

    private static final String REPLY_GERMAN = """
            Wenn eines Ihrer Programme Adressen von selbst bestätigt, beantwortet es diese Mail, und Sie müssen nichts tun.
            """;

    private static final String ENGLISH = """
            Somebody, probably you, wants to be called and messaged as {address}.

            If it was you, copy this code and paste it where you were asked for it:

                {code}

            The code is good for 24 hours and only in the browser or program that asked.

            If it was not you, ignore this mail. Nothing happens without the code. Do not give it to anybody: whoever has it could
            speak in your name.
            """;

    private static final String GERMAN = """
            Jemand, wahrscheinlich Sie selbst, möchte als {address} angerufen und angeschrieben werden.

            Wenn Sie das waren, kopieren Sie diesen Code und fügen Sie ihn dort ein, wo danach gefragt wird:

                {code}

            Der Code gilt 24 Stunden und nur in dem Browser oder Programm, das ihn angefordert hat.

            Wenn Sie es nicht waren, beachten Sie diese Mail nicht. Ohne den Code geschieht nichts. Geben Sie ihn niemandem: wer ihn hat,
            könnte in Ihrem Namen sprechen.
            """;
}
