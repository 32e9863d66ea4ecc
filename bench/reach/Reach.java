import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What signalling for phones, relaying and memory cost, beside the programs that others use for it.
public final class Reach {
    private static final int USERS = 20_000, MANY = 100_000, HALF = MANY / 2, PACKETS = 40_000, CALLS = 100, SOUND = 300;
    private static final double CALL = 0.8, OTHER = 1.0, RELAY = 1.5, NONE = Double.POSITIVE_INFINITY;
    // 40,000 of each kind: after that the compiler of the JVM has nothing left to do that could be seen.
    private static final int WARMING = 4;
    // A limit was not kept; anything else that is not 0 is a failure.
    private static final int SHORT = 3;

    private Reach() {}

    /// Arguments: folder, rounds, then `--write`, and parts to be measured alone: `sip`, `relay`, `bridge`,
    /// `memory`.
    public static void main(String[] args) throws Exception {
        Path out = Files.createDirectories(Path.of(args[0]));
        int rounds = Integer.parseInt(args[1]);
        var options = List.of(args).subList(2, args.length);
        boolean all = options.stream().allMatch(each -> each.startsWith("--"));
        var report = new Report("Beside Kamailio, coturn and rtpengine", "reach");
        report.line("rounds", rounds + ", in turn");
        if (all || options.contains("sip")) sip(out, rounds, report);
        if (all || options.contains("relay")) relay(out, rounds, report);
        if (all || options.contains("bridge")) bridge(out, rounds, report);
        if (all || options.contains("memory")) memory(out, report);
        if (options.contains("--write")) report.write(Path.of("docs", "bench-reach.md"));
        System.exit(report.isShort() ? SHORT : 0);
    }

    private static void sip(Path out, int rounds, Report report) throws Exception {
        try (var ours = SipUnderTest.ours(out, USERS);
                var proxy = SipUnderTest.proxy(out, USERS);
                var kamailio = SipUnderTest.kamailio(out, SipUnderTest.Script.PLAIN, USERS);
                var careful = SipUnderTest.kamailio(out, SipUnderTest.Script.CAREFUL, USERS);
                var trusting = SipUnderTest.kamailio(out, SipUnderTest.Script.TRUSTING, USERS)) {
            var servers = List.of(ours, proxy, kamailio, careful, trusting);
            for (var each : servers) each.register(0, USERS);
            // Our transactions live for 32 seconds, as RFC 3261 wants it, and there is a bound on them.
            for (int i = 0; i < WARMING; i++) {
                for (var each : servers) each.warm();
                SipUnderTest.rest(servers);
            }
            for (int round = 0; round < rounds; round++) {
                for (var each : round % 2 == 0 ? servers : servers.reversed()) each.measure();
                SipUnderTest.rest(servers);
            }
            for (Load.Kind kind : Load.Kind.values()) {
                String what = kind.name() + ", ";
                List<Double> reference = kamailio.micros.get(kind);
                report.measured(what + kamailio.name, reference, "us");
                for (var each : List.of(trusting, careful))
                    report.compared(what + each.name, each.micros.get(kind), reference, "us", NONE);
                // What is compared with a proxy's work is a proxy's; as a registrar both are the same.
                boolean same = kind == Load.Kind.REGISTER;
                double limit = kind == Load.Kind.CALL ? CALL : OTHER;
                report.compared(what + proxy.name, proxy.micros.get(kind), reference, "us", same ? NONE : limit);
                String name = what + ours.name + (same ? "" : ", two dialogs");
                report.compared(name, ours.micros.get(kind), reference, "us", same ? limit : NONE);
                for (var each : List.of(proxy, ours))
                    report.compared(
                            what + each.name + ", to " + careful.name,
                            each.micros.get(kind),
                            careful.micros.get(kind),
                            "us",
                            NONE);
            }
            for (var each : servers) report.line("messages of " + each.name, each.troubles());
        }
    }

    private static void relay(Path out, int rounds, Report report) throws Exception {
        try (var ours = Turn.ours(out);
                var coturn = Turn.coturn(out)) {
            var processes = List.of(ours, coturn);
            var servers = List.of(new InetSocketAddress("127.0.0.1", 3478), new InetSocketAddress("127.0.0.1", 3480));
            int port = 20_000;
            for (var form : TurnClients.Form.values())
                for (int count : new int[] {1, 50}) {
                    var clients = new ArrayList<TurnClients>();
                    for (var each : servers) clients.add(new TurnClients(each, port += 2, count, form));
                    for (var each : clients) each.run(PACKETS);
                    var micros = List.of(new ArrayList<Double>(), new ArrayList<Double>());
                    int lost = 0;
                    for (int i = 0; i < 2 * rounds; i++) {
                        int which = i / 2 % 2 == 0 ? i % 2 : 1 - i % 2;
                        double before = processes.get(which).cpu();
                        var result = clients.get(which).run(PACKETS);
                        micros.get(which).add((processes.get(which).cpu() - before) / result.packets() * 1e6);
                        lost += result.lost();
                    }
                    clients.forEach(TurnClients::close);
                    String what = (form == TurnClients.Form.CHANNEL_DATA ? "ChannelData, " : "Send and Data, ") + count
                            + (count == 1 ? " allocation, " : " allocations, ");
                    report.measured(what + "coturn", micros.get(1), "us a packet");
                    report.compared(what + "Starling", micros.get(0), micros.get(1), "us a packet", RELAY);
                    if (lost > 0) report.line(what + "lost", lost + " of " + 4 * rounds * PACKETS);
                }
        }
    }

    private static void bridge(Path out, int rounds, Report report) throws Exception {
        Path log = out.resolve("bridges.log");
        try (var ours = Measured.java(log, "BridgeServer", "" + CALLS);
                var rtpengine = Rtpengine.start(out)) {
            ours.await(" .");
            var own = new ArrayList<Integer>();
            for (String each : Files.readString(log).replaceFirst("(?s).*ports ([0-9 ]+) \\..*", "$1").split(" "))
                own.add(Integer.parseInt(each));
            var ports = List.of(own, Rtpengine.calls(CALLS));
            var processes = List.of(ours, rtpengine);
            var micros = List.of(new ArrayList<Double>(), new ArrayList<Double>());
            var missed = new long[2];
            for (int i = 0; i < 2 * (rounds + 1); i++) {
                int which = i / 2 % 2 == 0 ? i % 2 : 1 - i % 2;
                double before = processes.get(which).cpu();
                try (var load = new RtpLoad(ports.get(which), i * SOUND)) {
                    long heard = load.run(SOUND);
                    // The first time warms.
                    if (i < 2) continue;
                    micros.get(which).add((processes.get(which).cpu() - before) / heard * 1e6);
                    missed[which] += (long) SOUND * CALLS - heard;
                }
            }
            String what = "bridge, RTP to SRTP, " + CALLS + " calls at once, ";
            report.measured(what + "rtpengine", micros.get(1), "us a packet");
            report.compared(what + "Starling", micros.get(0), micros.get(1), "us a packet", NONE);
            for (int i = 0; i < 2; i++) {
                // 50 packets a second, each way.
                double calls = 1e6 / (100 * Report.median(micros.get(i)));
                report.line(
                        "calls a core, " + List.of("Starling", "rtpengine").get(i),
                        "%.0f, %d of %d packets missing".formatted(calls, missed[i], (long) rounds * SOUND * CALLS));
            }
        }
    }

    private static void memory(Path out, Report report) throws Exception {
        for (boolean isOurs : new boolean[] {true, false})
            try (var server =
                    isOurs
                            ? SipUnderTest.ours(out, MANY)
                            : SipUnderTest.kamailio(out, SipUnderTest.Script.PLAIN, MANY)) {
                String what = "memory (PSS), " + server.name + ", ";
                report.line(what + "started", "%.0f MiB".formatted(server.memory()));
                // In two parts, as many transactions as there may be at once.
                for (int from = 0; from < MANY; from += HALF) {
                    server.register(from, HALF);
                    server.rest();
                }
                report.line(what + MANY + " users registered by UDP", "%.0f MiB, %s".formatted(server.memory(), server.troubles()));
            }
    }
}
