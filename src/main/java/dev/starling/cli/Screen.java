package dev.starling.cli;

import dev.starling.trace.Style;
import dev.starling.trace.Trace;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// Standard output, a terminal or something else. Lines are written whole, so that whatever ends the program leaves no
/// half of one and no colour behind.
final class Screen implements Trace.Output {
    private static final int USUAL_WIDTH = 100;
    private static final long ASK_NANOS = TimeUnit.SECONDS.toNanos(2), PATIENCE_MILLIS = 500;

    /// Nobody reads it any more.
    static final class Gone extends IOException {
        private static final long serialVersionUID = 1;
    }

    private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    private final Charset charset = charset();
    // Without one there is no console either, whatever the documentation of some releases says.
    private final boolean terminal =
            Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    private final boolean boxes = charset.equals(StandardCharsets.UTF_8);
    private final boolean colour;
    private final int asked;
    private int width = USUAL_WIDTH;
    private long askedAt = System.nanoTime() - ASK_NANOS;

    /// @param asked width in characters; 0 for the terminal's
    Screen(int asked, boolean plain) {
        this.asked = asked;
        colour = terminal && !plain && System.getenv("NO_COLOR") == null && !"dumb".equals(System.getenv("TERM"));
    }

    private static Charset charset() {
        String name = System.getProperty("stdout.encoding", "US-ASCII");
        return Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.US_ASCII;
    }

    Style style() {
        if (asked > 0) return new Style(asked, colour, boxes);
        if (terminal && System.nanoTime() - askedAt >= ASK_NANOS) {
            askedAt = System.nanoTime();
            width = terminalWidth();
        }
        return new Style(width, colour, boxes);
    }

    // Java does not know it. `stty size` says rows and columns of its standard input.
    private int terminalWidth() {
        try {
            var process = new ProcessBuilder("stty", "size")
                    .redirectInput(ProcessBuilder.Redirect.INHERIT)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                return width;
            }
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).trim();
            return said.matches("\\d{1,5} [1-9]\\d{0,4}") ? Integer.parseInt(said.split(" ")[1]) : width;
        } catch (IOException e) {
            return width;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return width;
        }
    }

    @Override
    public void lines(List<String> lines) throws Gone {
        if (lines.isEmpty()) return;
        try {
            out.write((String.join("\n", lines) + "\n").getBytes(charset));
        } catch (IOException e) {
            throw new Gone();
        }
    }
}
