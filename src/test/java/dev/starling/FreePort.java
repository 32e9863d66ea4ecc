package dev.starling;

import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/// Ports for programs that are started later.
public final class FreePort {
    /// Below what Linux gives to connections and to servers that leave the choice to it (32768 to 60999): from there a
    /// port is soon somebody else's.
    private static final int FIRST = 12_000, PAST = 20_000;

    private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

    private FreePort() {}

    /// A port that nobody listens on, by TCP or UDP, and that was not given before.
    public static int next() throws IOException {
        for (int left = 100; ; left--) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, PAST);
            if (!GIVEN.add(port)) continue;
            try (var _ = new ServerSocket(port);
                    var _ = new DatagramSocket(port)) {
                return port;
            } catch (BindException e) {
                if (left == 0) throw e;
            }
        }
    }
}
