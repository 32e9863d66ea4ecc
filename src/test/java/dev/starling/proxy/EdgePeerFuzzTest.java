package dev.starling.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.starling.sip.message.SipMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Real requests, altered at random, on several flows at once: the peer answers or hangs up, is never at a loss
/// (500), and when everybody has gone nothing is left.
class EdgePeerFuzzTest {
    private static final byte[] TOKEN = new byte[32];
    private static final String[] PIECES = {
        "\r\n",
        "\r\n\r\n",
        "Route: <sip:x;lr>\r\n",
        ";tag=1",
        "SIP/2.0",
        "z9hG4bK",
        "\"",
        "<",
        ">",
        ",",
        ";gr=",
        ";pin=",
        "Max-Forwards: 0\r\n",
        "CANCEL",
        "INVITE",
        "ACK",
        "SUBSCRIBE",
        "%00",
        "\0",
        "99999999999",
        "-1",
        "Expires: 0\r\n"
    };

    @Test
    void alteredRequestsLeaveNothingBehind() {
        for (int seed = 1; seed <= 4; seed++) run(seed, 1_000);
    }

    @Test
    @Tag("long")
    void aMillionAlteredRequestsLeaveNothingBehind() {
        for (int seed = 100; seed < 200; seed++) run(seed, 10_000);
    }

    private static void run(long seed, int rounds) {
        try (var world = new World()) {
            var random = new Random(seed);
            World.TestPeer one = world.peer("one"), two = world.peer("two");
            Person alice = world.person("alice@example.net"), bob = world.person("bob@example.org");
            var flows = new ArrayList<MemoryFlow>(
                    List.of(one.online(alice), one.flow(), one.peerFlow("ab".repeat(32)), two.online(bob)));
            two.wishes(flows.get(3), bob, List.of(TOKEN), true, List.of());
            List<byte[]> seeds = seeds(world, one, two, alice, bob);
            for (int i = 0; i < rounds; i++) {
                int which = random.nextInt(flows.size());
                if (!flows.get(which).isOpen()) flows.set(which, renewed(which, one, two, alice, bob));
                flows.get(which).says(altered(seeds.get(random.nextInt(seeds.size())), random));
                for (MemoryFlow each : flows) answerSome(each, bob, random, "seed " + seed + ", round " + i);
                if (random.nextInt(50) == 0) world.time.pass(Duration.ofMillis(random.nextInt(40_000)));
            }
            flows.forEach(each -> each.close("the end"));
            one.disconnect();
            two.disconnect();
            world.time.pass(Duration.ofMinutes(20));
            String which = "seed " + seed;
            assertEquals(0, one.edge.transactions() + two.edge.transactions(), which);
            assertEquals(0, one.edge.subscriptions() + two.edge.subscriptions(), which);
            assertEquals(0, one.edge.registrar().size() + two.edge.registrar().size(), which);
        }
    }

    private static MemoryFlow renewed(int which, World.TestPeer one, World.TestPeer two, Person alice, Person bob) {
        return switch (which) {
            case 0 -> one.online(alice);
            case 1 -> one.flow();
            case 2 -> one.peerFlow("ab".repeat(32));
            default -> two.online(bob);
        };
    }

    private static List<byte[]> seeds(World world, World.TestPeer one, World.TestPeer two, Person alice, Person bob) {
        var seeds = new ArrayList<byte[]>();
        var now = world.time.instant();
        for (String method : List.of("INVITE", "MESSAGE", "SUBSCRIBE", "BYE", "ACK", "CANCEL", "NOTIFY", "INFO")) {
            seeds.add(alice.signed(alice.to(bob, method, TOKEN).add("Route", two.route()), bob.gruu(), TOKEN, now)
                    .bytes());
            seeds.add(alice.signedTo(bob, method, TOKEN, now).bytes());
        }
        seeds.add(alice.register(one.uri(), now).bytes());
        seeds.add(Calls.answer(alice.signedTo(bob, "INVITE", TOKEN, now), 180, bob, "b")
                .bytes());
        return seeds;
    }

    // What a device does, or does not: the rest of the flow's traffic.
    private static void answerSome(MemoryFlow flow, Person somebody, Random random, String which) {
        for (SipMessage heard : flow.heard()) {
            assertNotEquals(500, heard.status(), which);
            if (!heard.isRequest() || heard.method().equals("ACK") || random.nextInt(3) == 0) continue;
            int[] statuses = {180, 200, 202, 404, 480, 486, 603};
            flow.says(Calls.answer(heard, statuses[random.nextInt(statuses.length)], somebody, "t")
                    .bytes());
        }
    }

    private static byte[] altered(byte[] request, Random random) {
        var text = new StringBuilder(new String(request, StandardCharsets.ISO_8859_1));
        // Often another transaction, else most would be repetitions.
        int branch = text.indexOf("z9hG4bK");
        if (random.nextInt(4) != 0) text.insert(branch + 7, Integer.toHexString(random.nextInt()));
        for (int n = random.nextInt(4); n > 0; n--) {
            int at = random.nextInt(Math.min(text.length(), 900));
            switch (random.nextInt(5)) {
                case 0 -> text.setCharAt(at, (char) random.nextInt(256));
                case 1 -> text.delete(at, Math.min(text.length(), at + random.nextInt(40)));
                case 2 -> text.insert(at, PIECES[random.nextInt(PIECES.length)]);
                case 3 -> {
                    int line = text.indexOf("\r\n", at);
                    int end = text.indexOf("\r\n", line + 2);
                    if (line > 0 && end > 0) text.insert(end, text.substring(line, end));
                }
                default -> {
                    int line = text.indexOf("\r\n", at);
                    int end = text.indexOf("\r\n", line + 2);
                    if (line > 0 && end > 0) text.delete(line, end);
                }
            }
        }
        assertTrue(text.length() < 70_000);
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}
