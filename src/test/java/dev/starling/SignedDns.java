package dev.starling;

import java.io.File;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Assumptions;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/// A real resolver that checks DNSSEC, Debian's unbound, on a port of the loopback, with a DNS of its own from a signed
/// root downwards: `.`, `test.`, and the zones that a test gives it. The signatures are made by ldns-signzone; unbound
/// reads the zones in place of asking servers for them, and believes nothing in them but by the key of that root.
public final class SignedDns implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 60;
    private static final Duration LONG = Duration.ofDays(10);

    /// How a zone is signed, and what its parent says of it.
    public enum Kind {
        /// By the key that the parent names (DS).
        SIGNED,
        /// The same; who is not there is denied by hashes (RFC 5155).
        HASHED,
        /// The same; unsigned zones below need no record (RFC 5155, section 6).
        OPT_OUT,
        /// Not; and the parent proves that it has no key.
        UNSIGNED,
        /// Signed, but the parent proves that it has no key.
        ISLAND,
        /// Not, though the parent names a key.
        STRIPPED,
        /// By another key than the parent names.
        OTHER_KEY,
        /// With signatures that are over.
        EXPIRED,
        /// With signatures that count from tomorrow on.
        EARLY;

        private boolean isNamed() {
            return this != UNSIGNED && this != ISLAND;
        }

        private boolean isSigned() {
            return this != UNSIGNED && this != STRIPPED;
        }
    }

    /// @param name without a dot at the end; below `test`
    /// @param records as in a zone file, names relative to the zone
    /// @param spoiled what becomes of the signed zone, a record a line, before it is served
    public record Zone(String name, Kind kind, String records, UnaryOperator<String> spoiled) {
        public Zone(String name, Kind kind, String records) {
            this(name, kind, records, UnaryOperator.identity());
        }
    }

    private final Path folder;
    private final Process process;
    private final int port;
    private final String address;

    /// @param folder empty
    /// @param address where it listens
    /// @param options more lines for the section `server` of its configuration
    public SignedDns(Path folder, String address, List<Zone> zones, String... options) throws Exception {
        this(folder, address, FreePort.next(), zones, options);
    }

    private SignedDns(Path folder, String address, int port, List<Zone> zones, String... options) throws Exception {
        this.folder = folder;
        this.address = address;
        this.port = port;
        var served = new ArrayList<String>();
        var top = new StringBuilder();
        for (Zone each : zones) {
            top.append(each.name).append(". 60 IN NS ns.test.\n");
            String ds = serve(each);
            if (each.kind.isNamed()) top.append(ds);
            served.add(each.name + ".");
        }
        String ds = serve(new Zone("test", Kind.SIGNED, "ns A 127.0.0.1\n" + top));
        serve(new Zone("", Kind.SIGNED, "test. NS ns.test.\nns.test. A 127.0.0.1\n" + ds));
        served.addAll(List.of("test.", "."));
        Path configuration = Files.writeString(folder.resolve("unbound.conf"), configuration(served, options));
        process = new ProcessBuilder(program("unbound"), "-d", "-c", configuration.toString())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("unbound.log").toFile())
                .start();
        try {
            awaitReady();
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private String configuration(List<String> zones, String... options) {
        var text = new StringBuilder("""
                server:
                  interface: %s
                  access-control: %s/32 allow
                  port: %d
                  username: ""
                  chroot: ""
                  directory: "%s"
                  pidfile: ""
                  use-syslog: no
                  do-daemonize: no
                  do-ip6: no
                  num-threads: 1
                  val-log-level: 2
                  ede: yes
                  local-zone: "test." nodefault
                  trust-anchor-file: "%s"
                """.formatted(address, address, port, folder, name("") + ".key"));
        for (String each : options) text.append("  ").append(each).append('\n');
        for (String each : zones)
            text.append("""
                    auth-zone:
                      name: "%s"
                      zonefile: "%s"
                      for-downstream: no
                      for-upstream: yes
                      fallback-enabled: no
                    """.formatted(each, name(each.substring(0, each.length() - 1)) + ".zone"));
        return text.toString();
    }

    private static String name(String zone) {
        return zone.isEmpty() ? "root" : zone;
    }

    /// Writes what is served of a zone.
    ///
    /// @return the DS record of its key, as a line; "" for a zone that nobody signs
    private String serve(Zone zone) throws Exception {
        String origin = zone.name + ".", file = name(zone.name);
        Path plain = Files.writeString(folder.resolve(file + ".plain"), """
                $ORIGIN %s
                $TTL 60
                @ SOA ns.test. nobody.test. 1 3600 600 86400 60
                @ NS ns.test.
                %s""".formatted(origin, zone.records));
        if (zone.kind == Kind.UNSIGNED) {
            Files.copy(plain, folder.resolve(file + ".zone"));
            return "";
        }
        String key = key(origin), ds = Files.readString(folder.resolve(key + ".ds"));
        if (zone.kind == Kind.OTHER_KEY) key = key(origin);
        Files.copy(folder.resolve(key + ".key"), folder.resolve(file + ".key"));
        Path signed = folder.resolve(file + ".signed");
        if (zone.kind.isSigned()) run(signing(zone.kind, signed, plain, key));
        String served = Files.readString(zone.kind.isSigned() ? signed : plain);
        Files.writeString(folder.resolve(file + ".zone"), zone.spoiled.apply(served));
        return ds;
    }

    private String key(String origin) throws Exception {
        return run(List.of(program("ldns-keygen"), "-a", "ECDSAP256SHA256", "-k", "-r", "/dev/urandom", origin))
                .strip();
    }

    private static List<String> signing(Kind kind, Path signed, Path plain, String key) throws IOException {
        Instant now = Instant.now();
        Instant from = now.minus(LONG), to = now.plus(LONG);
        if (kind == Kind.EXPIRED) to = now.minus(Duration.ofDays(1));
        if (kind == Kind.EARLY) from = now.plus(Duration.ofDays(1));
        var command = new ArrayList<>(List.of(program("ldns-signzone"), "-f", signed.toString()));
        command.addAll(List.of("-i", "" + from.getEpochSecond(), "-e", "" + to.getEpochSecond()));
        if (kind == Kind.HASHED || kind == Kind.OPT_OUT) command.add("-n");
        if (kind == Kind.OPT_OUT) command.add("-p");
        command.addAll(List.of(plain.toString(), key));
        return command;
    }

    private String run(List<String> command) throws Exception {
        Process run = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        run.getOutputStream().close();
        String said = new String(run.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        if (run.waitFor() != 0) throw new IOException(command + ": " + said);
        return said;
    }

    private static String program(String name) {
        return Arrays.stream((System.getenv("PATH") + ":/usr/sbin").split(File.pathSeparator))
                .map(place -> Path.of(place, name))
                .filter(Files::isExecutable)
                .findFirst()
                .map(Path::toString)
                .orElseGet(() -> Assumptions.abort(name + " is not installed (apt-get install unbound ldnsutils)"));
    }

    private void awaitReady() throws IOException {
        byte[] question = Message.newQuery(Record.newRecord(Name.root, Type.SOA, DClass.IN))
                .toWire();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(100);
            while (true) {
                socket.send(new DatagramPacket(
                        question, question.length, new InetSocketAddress(InetAddress.ofLiteral(address), port)));
                try {
                    socket.receive(new DatagramPacket(new byte[1_500], 1_500));
                    return;
                } catch (SocketTimeoutException e) {
                    if (System.nanoTime() > end || !process.isAlive())
                        throw new IOException(Files.readString(folder.resolve("unbound.log")), e);
                }
            }
        }
    }

    /// The same resolver, which knows nothing yet, with other zones.
    ///
    /// @param other empty
    public SignedDns again(Path other, List<Zone> zones) throws Exception {
        close();
        return new SignedDns(other, address, port, zones);
    }

    public int port() {
        return port;
    }

    /// On the loopback.
    public String place() {
        return "127.0.0.1:" + port;
    }

    /// Why it called an answer false, in its own words.
    public String log() throws IOException {
        return Files.readString(folder.resolve("unbound.log"));
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }
}
