package dev.starling.sip.transport;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LinuxDatagramsTest extends DatagramsContract {
    @BeforeEach
    void thisIsLinux() {
        Assumptions.assumeTrue(LinuxDatagrams.isPossible(), "recvmmsg by FFM wants 64-bit Linux and native access");
    }

    @Override
    Datagrams bind(InetSocketAddress address, int longest) throws IOException {
        return LinuxDatagrams.bind(address, longest);
    }

    @Override
    List<String> hosts() {
        return List.of("127.0.0.1", "127.0.0.2", "127.9.8.7");
    }

    @Test
    void itIsChosenWhereItIsPossible() throws IOException {
        try (var chosen = Datagrams.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            assertInstanceOf(LinuxDatagrams.class, chosen);
        }
    }
}
