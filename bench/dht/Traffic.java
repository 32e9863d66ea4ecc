import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What went over the loopback of this network namespace so far.
///
/// @param datagrams UDP: what the nodes sent each other
/// @param bytes all of it with headers, REST calls too
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
