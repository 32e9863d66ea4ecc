package dev.starling.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LogLinesTest {
    private static LogRecord record(Level level, String message) {
        var record = new LogRecord(level, message);
        record.setLoggerName("starling.test");
        record.setInstant(Instant.parse("2026-11-29T12:00:00.1239Z"));
        return record;
    }

    @Test
    void journaldGetsAPriorityAndNoTime() {
        var lines = new LogLines(true);
        assertEquals("<3>starling.test full\n", lines.format(record(Level.SEVERE, "full")));
        assertEquals("<4>starling.test full\n", lines.format(record(Level.WARNING, "full")));
        assertEquals("<6>starling.test full\n", lines.format(record(Level.INFO, "full")));
        assertEquals("<7>starling.test full\n", lines.format(record(Level.FINE, "full")));
    }

    @Test
    void elsewhereALineHasItsTimeInUtc() {
        assertEquals(
                "2026-11-29T12:00:00.123Z DEBUG starling.test full\n",
                new LogLines(false).format(record(Level.FINE, "full")));
    }

    @Test
    void whatIsSaidCannotBeginALineOfItsOwn() {
        String line = new LogLines(true).format(record(Level.INFO, "a\n<0>forged\r\u001b[2J\u202e\u2028b"));
        assertEquals("<6>starling.test a\\u000a<0>forged\\u000d\\u001b[2J\\u202e\\u2028b\n", line);
    }

    @Test
    void eachLineOfATraceHasItsPriorityAndIsIndented() {
        var record = record(Level.SEVERE, "a defect");
        record.setThrown(new IllegalStateException("one\n<0>two"));
        new LogLines(true).format(record).lines().skip(1).forEach(line -> assertTrue(line.startsWith("<3>    "), line));
    }

    @Test
    void aLineHasAnEnd() {
        assertTrue(new LogLines(true)
                        .format(record(Level.INFO, "x".repeat(100_000)))
                        .length()
                < 5_000);
    }
}
