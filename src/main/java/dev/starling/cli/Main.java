package dev.starling.cli;

import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// `starling`: one program, one subcommand for each thing it does.
@Command(
        name = "starling",
        mixinStandardHelpOptions = true,
        version = "Starling 0.1.0",
        description = "Call and message any e-mail address, peer to peer.")
public final class Main {
    private static final Map<String, Class<?>> COMMANDS = Map.ofEntries(
            Map.entry("up", UpCommand.class),
            Map.entry("peer", PeerCommand.class),
            Map.entry("ca", CaCommand.class),
            Map.entry("enrol", EnrolCommand.class),
            Map.entry("devices", DevicesCommand.class),
            Map.entry("lookup", LookupCommand.class),
            Map.entry("peers", PeersCommand.class),
            Map.entry("phone", PhoneCommand.class),
            Map.entry("doctor", DoctorCommand.class),
            Map.entry("trace", TraceCommand.class),
            Map.entry("help", CommandLine.HelpCommand.class));
    private static final List<String> ORDER =
            List.of("up", "peer", "ca", "enrol", "devices", "lookup", "phone", "peers", "doctor", "trace", "help");

    /// Rounds of key stretching in PKCS#12 files written here. Their passwords are 24 random bytes, which stretching
    /// makes no harder to guess, and the JDK's 10,000 rounds for each of three parts took a fifth of a start.
    private static final String STRETCHING_ROUNDS = "1000";

    private Main() {}

    public static void main(String[] arguments) {
        LogLines.open();
        for (String part : List.of("mac", "certPbe", "keyPbe"))
            System.setProperty("keystore.pkcs12." + part + "IterationCount", STRETCHING_ROUNDS);
        String[] all =
                arguments.length == 0 || arguments[0].startsWith("--") && !arguments[0].matches("--help|--version")
                        ? prepend("up", arguments)
                        : arguments;
        var line = commandLine(all[0]).setExecutionExceptionHandler((e, at, _) -> refused(at, e));
        System.exit(execute(line, all));
    }

    private static int execute(CommandLine line, String[] all) {
        boolean configured = all[0].equals("peer") && List.of(all).stream().anyMatch(ConfigFile::isOption);
        if (!configured) return line.execute(all);
        try {
            // A command of its own: one that belongs to another cannot be parsed alone.
            var peer = new CommandLine(new PeerCommand());
            var words = ConfigFile.expand(peer, List.of(all).subList(1, all.length));
            return line.execute(prepend(all[0], words.toArray(String[]::new)));
        } catch (ConfigFile.Wrong e) {
            return refused(line, e);
        }
    }

    private static int refused(CommandLine line, Exception e) {
        line.getErr().println(line.getColorScheme().errorText(String.valueOf(e.getMessage())));
        if (!(e instanceof java.io.IOException) && !(e instanceof dev.starling.dht.DhtException))
            e.printStackTrace(line.getErr());
        return e instanceof ConfigFile.Wrong ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
    }

    /// Reading the options of every subcommand takes a tenth of a second: they are read only when help lists them, or
    /// when the first word is none of them and the refusal suggests one.
    private static CommandLine commandLine(String first) {
        var line = new CommandLine(new Main());
        boolean one = COMMANDS.containsKey(first) && !first.equals("help");
        for (String name : one ? List.of(first) : ORDER) line.addSubcommand(name, COMMANDS.get(name));
        return line;
    }

    private static String[] prepend(String first, String[] rest) {
        String[] all = new String[rest.length + 1];
        all[0] = first;
        System.arraycopy(rest, 0, all, 1, rest.length);
        return all;
    }
}
