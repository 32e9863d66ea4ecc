package dev.starling.trace;

import dev.starling.sip.transport.Tap;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import jdk.net.ExtendedSocketOptions;

/// Where `starling trace` reads what passes: a Unix domain socket that only the user who runs the server, and root, can
/// open. Whoever connects is shown everything as a stream of HEP3 packets and can say nothing.
public final class TraceSocket implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.trace");
    private static final int FAILED_MILLIS = 100;
    static final int MAX_WATCHERS = 4;

    private final Tap tap;
    private final Path file;
    private final UserPrincipal owner;
    private final ServerSocketChannel listener;
    private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();

    /// Where it is.
    ///
    /// @param data the server's data folder
    public static Path file(Path data) {
        return data.resolve("trace").resolve("socket");
    }

    /// Listens at once.
    ///
    /// @throws IOException among others: the path is longer than the system's bound (about 100 bytes), or a server
    ///     runs on this folder already
    public TraceSocket(Path data, Tap tap) throws IOException {
        this.tap = tap;
        file = file(data);
        // Nobody else can pass through the folder: so there is no moment at which the socket is open to others.
        var folder = PosixFilePermissions.fromString("rwx------");
        Path around = file.resolveSibling("");
        if (!Files.isDirectory(around)) Files.createDirectories(around, PosixFilePermissions.asFileAttribute(folder));
        Files.setPosixFilePermissions(around, folder);
        if (answers()) throw new IOException(file + " belongs to a server that runs");
        Files.deleteIfExists(file);
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(file));
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
            owner = Files.getOwner(file);
        } catch (IOException e) {
            listener.close();
            throw e;
        }
        Thread.ofVirtual().name("trace-accept").start(this::accept);
    }

    private boolean answers() throws IOException {
        if (!Files.exists(file)) return false;
        try (var _ = SocketChannel.open(UnixDomainSocketAddress.of(file))) {
            return true;
        } catch (ConnectException e) {
            // Left by a server that was killed.
            return false;
        }
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                SocketChannel watcher = listener.accept();
                if (isOperator(watcher)) Thread.ofVirtual().name("trace").start(() -> show(watcher));
                else watcher.close();
            } catch (IOException e) {
                // Closed, or no file is left: then the others need time.
                if (listener.isOpen()) pause(e);
            }
        }
    }

    private static void pause(IOException why) {
        LOG.log(System.Logger.Level.WARNING, "trace: {0}", why.getMessage());
        try {
            Thread.sleep(FAILED_MILLIS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isOperator(SocketChannel watcher) throws IOException {
        // Where the system does not tell, the permissions of folder and file decide alone.
        if (!watcher.supportedOptions().contains(ExtendedSocketOptions.SO_PEERCRED)) return true;
        var user = watcher.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
        return user.equals(owner) || user.getName().equals("root");
    }

    private void show(SocketChannel watcher) {
        var pending = new Pending();
        Optional<Runnable> stop = Optional.empty();
        try (watcher) {
            if (place(watcher)) stop = tap.watch(pending);
            if (stop.isEmpty()) {
                write(watcher, Sighting.notice("As many watch this server as may."));
                return;
            }
            var self = Thread.currentThread();
            Thread.ofVirtual().name("trace-end").start(() -> awaitEnd(watcher, self));
            write(watcher, Sighting.notice(""));
            while (watcher.isOpen()) {
                Tap.Passed passed = pending.take();
                write(watcher, Sighting.of(passed, pending.lost()));
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "a watcher ends: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(watcher);
            stop.ifPresent(Runnable::run);
        }
    }

    private synchronized boolean place(SocketChannel watcher) {
        return open.size() < MAX_WATCHERS && open.add(watcher);
    }

    /// A watcher who leaves while nothing passes is noticed by what reads, not by what waits to write.
    private static void awaitEnd(SocketChannel watcher, Thread writer) {
        try {
            var said = ByteBuffer.allocate(64);
            while (watcher.read(said) >= 0) said.clear();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "a watcher ends: " + e.getMessage());
        }
        writer.interrupt();
    }

    private static void write(SocketChannel watcher, Sighting sighting) throws IOException {
        var bytes = ByteBuffer.wrap(sighting.write());
        while (bytes.hasRemaining()) if (watcher.write(bytes) < 0) throw new IOException("closed");
    }

    /// How many watch.
    int watchers() {
        return open.size();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (SocketChannel each : open) each.close();
        Files.deleteIfExists(file);
    }
}
