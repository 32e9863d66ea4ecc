import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What the nodes sent each other: UDP datagrams and their bytes, of this network namespace.
///
/// @param bytes of everything over the loopback but HTTP, with headers; HTTP goes over it too and is taken off by the
///     caller where it matters
record Traffic(long datagrams, long bytes) {
    static Traffic now() throws IOException {
        long datagrams = 0;
        for (String line : Files.readAllLines(Path.of("/proc/net/snmp")))
            if (line.matches("Udp: \\d.*")) datagrams = Long.parseLong(line.split(" ")[4]);
        long bytes = 0;
        for (String line : Files.readAllLines(Path.of("/proc/net/dev")))
            if (line.strip().startsWith("lo:")) bytes = Long.parseLong(line.strip().split("[: ]+")[1]);
        return new Traffic(datagrams, bytes);
    }

    Traffic since(Traffic before) {
        return new Traffic(datagrams - before.datagrams, bytes - before.bytes);
    }
}
