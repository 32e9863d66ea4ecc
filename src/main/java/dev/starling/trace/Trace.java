package dev.starling.trace;

import dev.starling.sip.message.SipException;
import dev.starling.sip.message.SipMessage;
import dev.starling.trace.hep.Chunks;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;

/// The operator's side: a stream of HEP3 packets, from a server that runs or from a file, as lines.
public final class Trace {
    /// Where lines go.
    public interface Output {
        void lines(List<String> lines) throws IOException;
    }

    private final Filter filter;
    private final Ladder ladder;
    private final OutputStream copy;
    private final Output output;

    /// @param copy gets every packet that is shown
    public Trace(Filter filter, Ladder ladder, OutputStream copy, Output output) {
        this.filter = filter;
        this.ladder = ladder;
        this.copy = copy;
        this.output = output;
    }

    /// What passes in the server whose data folder this is. The stream is the caller's to close.
    ///
    /// @throws IOException no server runs there, or it is somebody else's
    public static InputStream live(Path data) throws IOException {
        return Channels.newInputStream(SocketChannel.open(UnixDomainSocketAddress.of(TraceSocket.file(data))));
    }

    /// Shows all that comes, until the end of the stream.
    ///
    /// @param begun run when a server says that from now on everything is shown
    public void show(InputStream in, Runnable begun) throws IOException {
        for (var packet = Chunks.next(in); packet.isPresent(); packet = Chunks.next(in)) {
            var sighting = Sighting.read(packet.get());
            if (sighting.isForOperator()) {
                if (!sighting.notice().isEmpty()) throw new IOException(Printable.of(sighting.notice()));
                begun.run();
            } else if (isWanted(sighting)) {
                copy.write(packet.get().write());
                output.lines(lines(sighting));
            }
        }
    }

    private boolean isWanted(Sighting sighting) {
        if (filter.isEverything() || sighting.lost() > 0) return true;
        try {
            return sighting.notice().isEmpty()
                    && filter.wants(SipMessage.read(sighting.capture().payload()));
        } catch (SipException e) {
            return false;
        }
    }

    private List<String> lines(Sighting sighting) {
        try {
            return ladder.on(sighting);
        } catch (SipException e) {
            return List.of("(no message: " + Printable.of(e.reason()) + ")");
        }
    }
}
