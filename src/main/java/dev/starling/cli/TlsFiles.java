package dev.starling.cli;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashSet;
import java.util.List;

/// A certificate in files that somebody else renews: read again whenever something changes in their folders, so that
/// nothing has to be started anew.
final class TlsFiles implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("starling.tls");

    private final Path certificates, key;
    private final WebTls tls;
    private final WatchService changes;

    TlsFiles(Path certificates, Path key) throws IOException {
        this.certificates = certificates.toAbsolutePath();
        this.key = key.toAbsolutePath();
        tls = new WebTls(WebTls.read(this.certificates, this.key));
        changes = this.certificates.getFileSystem().newWatchService();
        for (Path folder : new HashSet<>(List.of(parent(this.certificates), parent(this.key))))
            folder.register(
                    changes,
                    StandardWatchEventKinds.ENTRY_CREATE,
                    StandardWatchEventKinds.ENTRY_MODIFY,
                    StandardWatchEventKinds.ENTRY_DELETE);
        Thread.ofPlatform().daemon().name("tls-files").start(this::follow);
    }

    private static Path parent(Path file) throws IOException {
        Path folder = file.getParent();
        if (folder == null) throw new IOException("not a file: " + file);
        return folder;
    }

    WebTls tls() {
        return tls;
    }

    private void follow() {
        try {
            while (true) {
                WatchKey changed = changes.take();
                changed.pollEvents();
                changed.reset();
                read();
            }
        } catch (ClosedWatchServiceException | InterruptedException _) {
            // The server ends.
        }
    }

    private void read() {
        try {
            var held = WebTls.read(certificates, key);
            if (held.chain().equals(tls.chain())) return;
            tls.serve(held);
            LOG.log(
                    System.Logger.Level.INFO,
                    () -> "a new certificate, good until "
                            + tls.leaf().getNotAfter().toInstant());
        } catch (IOException | RuntimeException e) {
            // Half of it may be there by now, and the other half in a moment.
            LOG.log(System.Logger.Level.WARNING, () -> "the old certificate stays: " + e.getMessage());
        }
    }

    @Override
    public void close() throws IOException {
        changes.close();
    }
}
