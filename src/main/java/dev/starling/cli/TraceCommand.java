package dev.starling.cli;

import dev.starling.trace.Filter;
import dev.starling.trace.Ladder;
import dev.starling.trace.Trace;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `starling trace`: the SIP messages of a server on this computer, as a ladder.
@Command(
        name = "trace",
        mixinStandardHelpOptions = true,
        description = "Shows the SIP messages of a server that runs on this computer as a ladder, as they pass; for the"
                + " user who runs it, and root. Credentials and contents are never shown.")
final class TraceCommand implements Callable<Integer> {
    @Option(names = "--data", description = "The server's data folder (default: that of peer or up, whichever runs).")
    Optional<Path> data = Optional.empty();

    @Option(names = "--call", paramLabel = "CALL-ID", description = "Only this call, or those whose Call-ID begins so.")
    List<String> calls = new ArrayList<>();

    @Option(names = "--address", paramLabel = "USER@HOST", description = "Only what goes from or to this address.")
    List<String> addresses = new ArrayList<>();

    @Option(
            names = "--method",
            split = ",",
            description = "Only requests of this method and their responses; INVITE,ACK,CANCEL,BYE for calls.")
    List<String> methods = new ArrayList<>();

    @Option(names = "--width", defaultValue = "0", description = "Width in characters (default: the terminal's).")
    int width;

    @Option(names = "--no-color", description = "No colours; also when NO_COLOR is set, or when piped.")
    boolean plain;

    @Option(names = "--raw", description = "The header of each message below its row.")
    boolean raw;

    @Option(names = "--save", paramLabel = "FILE", description = "Also write what is shown to a new file, as HEP3.")
    Optional<Path> save = Optional.empty();

    @Option(names = "--from", paramLabel = "FILE", description = "Show a file that --save wrote, or another in HEP3.")
    Optional<Path> from = Optional.empty();

    @Override
    public Integer call() throws IOException {
        var screen = new Screen(width, plain);
        var ladder = new Ladder(screen::style, raw, ZoneId.systemDefault());
        try (InputStream in = input();
                OutputStream copy = copy()) {
            new Trace(new Filter(calls, addresses, methods), ladder, copy, screen)
                    .show(in, () -> System.err.println("watching; Ctrl-C ends"));
            if (from.isEmpty()) System.err.println("The server ended.");
            return 0;
        } catch (Screen.Gone e) {
            return 0;
        }
    }

    private InputStream input() throws IOException {
        if (from.isPresent()) return new java.io.BufferedInputStream(Files.newInputStream(from.get()));
        if (data.isPresent()) return live(data.get());
        try {
            return live(new PeerOptions().folder("peer"));
        } catch (IOException e) {
            return live(new PeerOptions().folder("local"));
        }
    }

    private static InputStream live(Path folder) throws IOException {
        try {
            return Trace.live(folder);
        } catch (IOException e) {
            throw new IOException(
                    "No server to be watched at " + folder + " (" + e.getMessage() + "); name its folder with --data.",
                    e);
        }
    }

    private OutputStream copy() throws IOException {
        if (save.isEmpty()) return OutputStream.nullOutputStream();
        var readable = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        return java.nio.channels.Channels.newOutputStream(Files.newByteChannel(
                save.get(), Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), readable));
    }
}
