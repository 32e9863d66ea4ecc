package dev.starling.cli;

import dev.starling.gate.AboutPage;
import java.io.IOException;
import picocli.CommandLine.Option;

/// Who runs a server, as its page `/about` says to those who use it.
final class OperatorOptions {
    private static final int MAX_NAME = 120, MAX_CONTACT = 200, MAX_NOTE = 2_000;

    @Option(
            names = "--operator-name",
            defaultValue = "",
            paramLabel = "NAME",
            description = "Who runs this server: a person, a club, a company. Shown on its page /about.")
    String name = "";

    @Option(
            names = "--operator-contact",
            defaultValue = "",
            paramLabel = "ADDRESS",
            description = "How to reach whoever runs it: an e-mail address, an https URL, or words. Shown there too.")
    String contact = "";

    @Option(
            names = "--operator-note",
            defaultValue = "",
            paramLabel = "TEXT",
            description = "What else people should know, as plain text: rules, times of maintenance. Shown there too.")
    String note = "";

    AboutPage.Operator operator() throws IOException {
        check("name", name, MAX_NAME);
        check("contact", contact, MAX_CONTACT);
        check("note", note, MAX_NOTE);
        return new AboutPage.Operator(name, contact, note);
    }

    private static void check(String what, String text, int most) throws IOException {
        if (text.length() > most) throw new IOException("--operator-" + what + ": at most " + most + " letters");
    }
}
