package dev.starling.enrol;

import dev.starling.identity.Address;
import dev.starling.identity.Anchor;
import dev.starling.identity.AnchorLog;
import dev.starling.identity.DeviceId;
import dev.starling.identity.IdentityException;
import dev.starling.identity.Keys;
import dev.starling.identity.log.LogEntry;
import dev.starling.identity.log.LogPolicy;
import dev.starling.identity.log.LogProof;
import dev.starling.identity.log.LogReader;
import dev.starling.identity.log.Tile;
import dev.starling.identity.log.Watcher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/// Looks through what is new in the logs of the CAs that are believed for certificates of an address that were not made
/// for the key in a file (docs/protocols/log.md, section 12). What was seen is kept beside that file; each is told
/// once, and before it is kept as told: while the file cannot be written it is told at each look.
public final class LogWatch {
    /// So long a log may show nothing new that is witnessed, or nothing at all.
    private static final Duration SILENT = Duration.ofDays(3), WHOLE = Duration.ofMinutes(10);
    /// Of one look: half a million entries.
    private static final int MAX_READS = 2000;

    /// What no honest log can come to.
    private static final Set<String> BROKEN = Set.of("smaller-tree", "forked", "inconsistent");

    /// A log while it is read.
    public interface Open extends LogReader, AutoCloseable {
        @Override
        void close();
    }

    /// Who hears of what a look finds, as soon as it does.
    public interface Ear {
        /// What the owner of the address must know.
        void alarm(String sentence);

        /// A log that was not looked at now. That passes most often; after three days it is an alarm.
        void unread(String sentence);
    }

    private final List<AnchorLog> logs;
    private final Function<String, Open> reading;
    private final Clock clock;

    /// @param reading from a URL
    public LogWatch(List<Anchor> believed, Function<String, Open> reading, Clock clock) {
        // Two CAs may call their logs the same.
        var each = new LinkedHashMap<String, AnchorLog>();
        for (Anchor anchor : believed) anchor.log().ifPresent(log -> each.putIfAbsent(place(log), log));
        logs = List.copyOf(each.values());
        this.reading = reading;
        this.clock = clock;
    }

    private static String name(AnchorLog log) {
        return log.policy().log().name();
    }

    private static String place(AnchorLog log) {
        return log.policy().log().text() + " " + log.url();
    }

    /// `NAME.p12.logs` beside `NAME.p12`.
    static Path file(Path held) {
        return held.resolveSibling(held.getFileName() + ".logs");
    }

    /// Looks, unless that was done within `every`.
    ///
    /// @param held the file with key and certificate
    /// @param ear hears most often nothing
    public void look(Address address, Path held, Duration every, Ear ear) throws IOException {
        if (logs.isEmpty()) return;
        var kept = WatchedLogs.load(file(held));
        X509Certificate leaf = Keys.load(held).chain().getFirst();
        kept.known().add(hash(Keys.encoded(leaf)));
        for (AnchorLog log : logs) {
            var before = kept.of(name(log, address), clock.instant());
            if (before.isDue(clock.instant(), every)) look(log, before, new Of(address, held), kept, ear);
        }
        try {
            kept.save(file(held));
        } catch (IOException e) {
            ear.alarm("What the logs have shown cannot be kept in " + file(held) + " (" + e.getMessage()
                    + "): the next look begins where this one did, and tells the same again.");
        }
    }

    /// The log that was watched as the first of its name goes on; another one of that name is told apart by its key and
    /// place.
    private String name(AnchorLog log, Address address) {
        boolean isFirst = logs.stream()
                .filter(each -> name(each).equals(name(log)))
                .findFirst()
                .filter(log::equals)
                .isPresent();
        return (isFirst ? name(log) : place(log)) + " " + address.text();
    }

    /// Whose certificates are looked for.
    private record Of(Address address, Path held) {}

    private void look(AnchorLog log, WatchedLogs.Watched before, Of whose, WatchedLogs kept, Ear ear) {
        Instant now = clock.instant();
        String name = name(log);
        try (var open = reading.apply(log.url())) {
            var news = news(log, before, whose, open, ear);
            boolean isFresh =
                    news.since().map(since -> since.plus(SILENT).isAfter(now)).orElse(true);
            kept.put(before.after(news.seen(), now, isFresh));
            // Who looks daily hears of short ones, too; who was away for long does not of what is over.
            boolean isDaily = before.at().plus(SILENT).isAfter(now);
            for (Watcher.Found each : news.found())
                if (kept.known().add(HexFormat.of().formatHex(each.entry().certificate()))
                        && (isDaily || each.entry().notAfter().isAfter(now)))
                    ear.alarm(foreign(whose.address(), name, each));
            if (!isFresh) ear.alarm(silent(name));
        } catch (IOException | IdentityException e) {
            kept.put(before.failed(now));
            if (e instanceof IdentityException refused && BROKEN.contains(refused.reason()))
                ear.alarm("The log " + name + " contradicts what it showed before (" + refused.reason()
                        + "): its CA shows different people different things, or something on the way changes what it"
                        + " shows. Believe no new certificate of that CA until its operator has explained this. What was"
                        + " shown before is kept in " + file(whose.held()) + ".");
            else if (before.good().plus(SILENT).isBefore(now)) ear.alarm(silent(name));
            else ear.unread(unread(log, before, e));
        }
    }

    private static String unread(AnchorLog log, WatchedLogs.Watched before, Exception why) {
        String since = before.seen().isPresent() ? " since " + before.good() : "";
        return "The log " + name(log) + " cannot be read now at " + log.url() + " (" + why.getMessage()
                + "): whether somebody else got a certificate for your address" + since
                + " is not known. The next look tries again.";
    }

    private Watcher.News news(AnchorLog log, WatchedLogs.Watched before, Of whose, Open open, Ear ear)
            throws IOException, IdentityException {
        byte[] tag = LogEntry.ownerTag(whose.address(), name(log));
        for (boolean again = false; ; again = true) {
            var watcher = new Watcher(new Bounded(open), log.policy());
            try {
                return before.seen().isPresent()
                        ? watcher.look(before.seen().get(), tag)
                        : watcher.begin(beginning(whose.held(), log.policy()), tag);
            } catch (TooMany e) {
                ear.alarm("The log " + name(log)
                        + " has grown by more than is read in one look: whether somebody else got a"
                        + " certificate for " + whose.address()
                        + " in the meantime is not known. Have it audited: starling ca audit.");
                return new Watcher(new Bounded(open), log.policy()).begin(Long.MAX_VALUE, tag);
            } catch (IdentityException e) {
                // A spoiled tile, or an old head out of a cache, does not come twice; what the log itself does, does.
                if (again || !BROKEN.contains(e.reason())) throw e;
            }
        }
    }

    private static String foreign(Address address, String name, Watcher.Found found) {
        return "The log " + name + " has a certificate for " + address + ", good until "
                + found.entry().notAfter() + ", that was not made for this key (entry " + (found.index() + 1)
                + "). If it is of none of your devices, somebody else reads your mails: change the password of your"
                + " mailbox, then see starling devices.";
    }

    private static String silent(String name) {
        return "The log " + name + " has shown nothing new for three days: whether somebody else got a certificate for"
                + " your address is not known.";
    }

    /// Of the first look: our own certificate, or with what comes from now on.
    private static long beginning(Path held, LogPolicy policy) throws IOException {
        Path file = LogProofs.file(held);
        if (!Files.exists(file) || Files.size(file) > LogProof.MAX_BYTES) return Long.MAX_VALUE;
        try {
            var proof = LogProof.parse(Files.readAllBytes(file));
            boolean isOfThis = proof.checkpoint().origin().equals(policy.log().name());
            return isOfThis ? proof.index() : Long.MAX_VALUE;
        } catch (IdentityException e) {
            return Long.MAX_VALUE;
        }
    }

    /// More than is read in one look.
    static final class TooMany extends IOException {
        private static final long serialVersionUID = 1;
    }

    /// In number and time.
    private static final class Bounded implements LogReader {
        private final LogReader log;
        private final long end = System.nanoTime() + WHOLE.toNanos();
        private int left = MAX_READS;

        Bounded(LogReader log) {
            this.log = log;
        }

        @Override
        public byte[] checkpoint() throws IOException {
            return log.checkpoint();
        }

        @Override
        public byte[] tile(Tile tile) throws IOException {
            if (left-- == 0) throw new TooMany();
            if (System.nanoTime() - end > 0) throw new IOException("the log is too slow");
            return log.tile(tile);
        }
    }

    private static String hash(byte[] der) {
        return HexFormat.of().formatHex(DeviceId.sha256(der));
    }
}
