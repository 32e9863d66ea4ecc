package dev.starling.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// One line of the log for each thing that is said; what came from outside cannot begin another one.
///
/// For journald a line starts with `<N>`, a priority of syslog (RFC 5424, section 6.2.1; sd-daemon(3)), and has no time
/// of its own. Otherwise the time in UTC stands in front.
final class LogLines extends Formatter {
    private static final int MAX_LETTERS = 4_000;
    // Held, because the log manager itself forgets a logger, and its level with it.
    private static final List<Logger> LIBRARIES = Stream.of(
                    "io.helidon", "org.flywaydb", "com.zaxxer.hikari", "org.jdbi")
            .map(Logger::getLogger)
            .toList();
    // Warns, with a stack trace, of everybody who hangs up on it.
    private static final Logger MAIL = Logger.getLogger("org.subethamail");
    private static final Logger OURS = Logger.getLogger("starling"), RELAY = Logger.getLogger("dev.starling");

    private final boolean journal;

    LogLines(boolean journal) {
        this.journal = journal;
    }

    /// Writes the log of this process in this form, to where it went before.
    static void open() {
        LIBRARIES.forEach(each -> each.setLevel(Level.WARNING));
        MAIL.setLevel(Level.SEVERE);
        // systemd.exec(5): set when the output goes to the journal.
        String stream = System.getenv("JOURNAL_STREAM");
        for (Handler each : Logger.getLogger("").getHandlers()) {
            each.setFormatter(new LogLines(stream != null && !stream.isEmpty()));
            each.setLevel(Level.ALL);
        }
        Thread.setDefaultUncaughtExceptionHandler((thread, e) ->
                System.getLogger("starling").log(System.Logger.Level.ERROR, "a defect, in " + thread.getName(), e));
    }

    /// What is said from now on; other libraries than ours go on to say what matters only.
    static void level(System.Logger.Level level) {
        Level ours = switch (level) {
            case ALL, TRACE -> Level.FINER;
            case DEBUG -> Level.FINE;
            case INFO -> Level.INFO;
            case WARNING -> Level.WARNING;
            case ERROR, OFF -> Level.SEVERE;
        };
        OURS.setLevel(ours);
        RELAY.setLevel(ours);
        if (ours.intValue() > Level.WARNING.intValue()) LIBRARIES.forEach(each -> each.setLevel(ours));
    }

    @Override
    public String format(LogRecord record) {
        String head = journal
                ? "<" + priority(record.getLevel()) + ">"
                : record.getInstant().truncatedTo(ChronoUnit.MILLIS) + " " + word(record.getLevel()) + " ";
        String line = head + record.getLoggerName() + " " + oneLine(formatMessage(record)) + "\n";
        Throwable thrown = record.getThrown();
        return thrown == null ? line : line + trace(thrown, journal ? head : "");
    }

    private static String trace(Throwable thrown, String head) {
        var text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString()
                .lines()
                .map(each -> head + "    " + oneLine(each.strip()) + "\n")
                .collect(Collectors.joining());
    }

    private static int priority(Level level) {
        int value = level.intValue();
        if (value >= Level.SEVERE.intValue()) return 3;
        if (value >= Level.WARNING.intValue()) return 4;
        return value >= Level.INFO.intValue() ? 6 : 7;
    }

    private static String word(Level level) {
        return switch (priority(level)) {
            case 3 -> "ERROR";
            case 4 -> "WARNING";
            case 6 -> "INFO";
            default -> level.intValue() >= Level.FINE.intValue() ? "DEBUG" : "TRACE";
        };
    }

    /// Without what would end the line, move the cursor or turn the direction of writing.
    static String oneLine(String text) {
        var out = new StringBuilder();
        text.codePoints().limit(MAX_LETTERS).forEach(c -> {
            switch (Character.getType(c)) {
                case Character.CONTROL,
                        Character.FORMAT,
                        Character.SURROGATE,
                        Character.LINE_SEPARATOR,
                        Character.PARAGRAPH_SEPARATOR -> out.append(String.format("\\u%04x", c));
                default -> out.appendCodePoint(c);
            }
        });
        return text.length() > MAX_LETTERS ? out.append(" …").toString() : out.toString();
    }
}
