package dev.starling.ca.validation;

import java.util.Locale;

/// The words of the mail that carries the code; plain text, and no link, because mail scanners follow links.
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
