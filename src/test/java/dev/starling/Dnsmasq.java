package dev.starling;

import java.io.File;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/// A real DNS server, Debian's dnsmasq, on a port of the loopback, that knows all of `net` and `test` and nothing else
/// but what it is told.
public final class Dnsmasq implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 20, CAA = 257, MX = 15;
    private final Process process;
    private final int port;

    /// @param records, and more, as options of its command line
    public Dnsmasq(String... records) throws Exception {
        this(FreePort.next(), records);
    }

    private Dnsmasq(int port, String... records) throws Exception {
        this.port = port;
        var command = new ArrayList<>(List.of(
                program().toString(),
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--no-resolv",
                "--no-hosts",
                "--pid-file=",
                "--port=" + port,
                "--listen-address=127.0.0.1",
                "--bind-interfaces",
                "--local=/net/test/"));
        if (System.getProperty("user.name").equals("root")) command.add("--user=root");
        command.addAll(List.of(records));
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        awaitReady();
    }

    private static Path program() {
        return Arrays.stream((System.getenv("PATH") + ":/usr/sbin").split(File.pathSeparator))
                .map(place -> Path.of(place, "dnsmasq"))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseGet(() -> Assumptions.abort("dnsmasq is not installed (apt-get install dnsmasq-base)"));
    }

    private void awaitReady() throws IOException {
        byte[] question = Message.newQuery(Record.newRecord(Name.fromString("ready.test."), Type.A, DClass.IN))
                .toWire();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(100);
            while (true) {
                socket.send(new DatagramPacket(
                        question, question.length, new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
                try {
                    socket.receive(new DatagramPacket(new byte[512], 512));
                    return;
                } catch (SocketTimeoutException e) {
                    if (System.nanoTime() > end || !process.isAlive()) throw e;
                }
            }
        }
    }

    /// The same server with other records.
    public Dnsmasq again(String... records) throws Exception {
        close();
        return new Dnsmasq(port, records);
    }

    public String place() {
        return "127.0.0.1:" + port;
    }

    public static String caa(String name, int flags, String tag, String value) {
        String octets = (char) flags + "" + (char) tag.length() + tag + value;
        return rr(name, CAA, octets.getBytes(StandardCharsets.ISO_8859_1));
    }

    /// RFC 7505: a mail server of no name.
    public static String nullMx(String name) {
        return rr(name, MX, new byte[3]);
    }

    public static String mx(String name, String host) {
        return "--mx-host=" + name + "," + host + ",10";
    }

    private static String rr(String name, int type, byte[] data) {
        return "--dns-rr=" + name + "," + type + "," + HexFormat.of().formatHex(data);
    }

    @Override
    public void close() {
        process.destroy();
        // Before the port is another one's.
        process.onExit().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }
}
