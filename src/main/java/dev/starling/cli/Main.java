package dev.starling.cli;

import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// `starling`: one program, one subcommand for each thing it does.
@Command(
        name = "starling",
        mixinStandardHelpOptions = true,
        version = "Starling 0.1.0",
        description = "Call and message any e-mail address, peer to peer.")
public final class Main {
    private static final Map<String, Class<?>> COMMANDS = Map.of(
            "up", UpCommand.class,
            "peer", PeerCommand.class,
            "ca", CaCommand.class,
            "enrol", EnrolCommand.class,
            "lookup", LookupCommand.class,
            "peers", PeersCommand.class,
            "phone", PhoneCommand.class,
            "doctor", DoctorCommand.class,
            "help", CommandLine.HelpCommand.class);
    private static final List<String> ORDER =
            List.of("up", "peer", "ca", "enrol", "lookup", "phone", "peers", "doctor", "help");
    // Held, because the log manager itself forgets a logger, and its level with it.
    private static final Logger HELIDON = Logger.getLogger("io.helidon");

    /// Rounds of key stretching in PKCS#12 files written here. Their passwords are 24 random bytes, which stretching
    /// makes no harder to guess, and the JDK's 10,000 rounds for each of three parts took a fifth of a start.
    private static final String STRETCHING_ROUNDS = "1000";

    private Main() {}

    public static void main(String[] arguments) {
        System.setProperty("java.util.logging.SimpleFormatter.format", "%1$tFT%1$tT %4$s %3$s %5$s%6$s%n");
        HELIDON.setLevel(Level.WARNING);
        for (String part : List.of("mac", "certPbe", "keyPbe"))
            System.setProperty("keystore.pkcs12." + part + "IterationCount", STRETCHING_ROUNDS);
        String[] all =
                arguments.length == 0 || arguments[0].startsWith("--") && !arguments[0].matches("--help|--version")
                        ? prepend("up", arguments)
                        : arguments;
        int code = commandLine(all[0])
                .setExecutionExceptionHandler((e, line, _) -> {
                    line.getErr().println(line.getColorScheme().errorText(String.valueOf(e.getMessage())));
                    if (!(e instanceof java.io.IOException) && !(e instanceof dev.starling.dht.DhtException))
                        e.printStackTrace(line.getErr());
                    return 1;
                })
                .execute(all);
        System.exit(code);
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
