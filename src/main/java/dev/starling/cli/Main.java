package dev.starling.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// `starling`: one program, one subcommand for each thing it does.
@Command(
        name = "starling",
        mixinStandardHelpOptions = true,
        version = "Starling 0.1.0",
        description = "Call and message any e-mail address, peer to peer.",
        subcommands = {
            UpCommand.class,
            PeerCommand.class,
            CaCommand.class,
            EnrolCommand.class,
            LookupCommand.class,
            DoctorCommand.class,
            CommandLine.HelpCommand.class
        })
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.setProperty("java.util.logging.SimpleFormatter.format", "%1$tFT%1$tT %4$s %3$s %5$s%6$s%n");
        java.util.logging.Logger.getLogger("io.helidon").setLevel(java.util.logging.Level.WARNING);
        String[] all =
                arguments.length == 0 || arguments[0].startsWith("--") && !arguments[0].matches("--help|--version")
                        ? prepend("up", arguments)
                        : arguments;
        int code = new CommandLine(new Main())
                .setExecutionExceptionHandler((e, line, _) -> {
                    line.getErr().println(line.getColorScheme().errorText(String.valueOf(e.getMessage())));
                    if (!(e instanceof java.io.IOException) && !(e instanceof dev.starling.dht.DhtException))
                        e.printStackTrace(line.getErr());
                    return 1;
                })
                .execute(all);
        System.exit(code);
    }

    private static String[] prepend(String first, String[] rest) {
        String[] all = new String[rest.length + 1];
        all[0] = first;
        System.arraycopy(rest, 0, all, 1, rest.length);
        return all;
    }
}
