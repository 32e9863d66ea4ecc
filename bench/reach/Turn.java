import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Our relay and coturn, with the same secret.
final class Turn {
    private Turn() {}

    static Measured ours(Path out) throws Exception {
        var ours = Measured.java(out.resolve("relay.log"), "RelayServer", "3478");
        ours.await("ready");
        return ours;
    }

    static Measured coturn(Path out) throws Exception {
        Path config = Files.writeString(
                out.resolve("turnserver.conf"),
                String.join(
                        "\n",
                        "listening-ip=127.0.0.1",
                        "relay-ip=127.0.0.1",
                        "listening-port=3480",
                        "use-auth-secret",
                        "static-auth-secret=" + TurnClients.SECRET,
                        "realm=" + TurnClients.REALM,
                        "allow-loopback-peers",
                        "no-tls",
                        "no-dtls",
                        "no-cli",
                        "min-port=30000",
                        "max-port=39999",
                        "userdb=" + out.resolve("turndb"),
                        "pidfile=" + out.resolve("turnserver.pid"),
                        "log-file=stdout",
                        ""));
        var coturn = new Measured(out.resolve("coturn.log"), List.of("turnserver", "-c", config.toString()));
        coturn.await("SQLite DB connection success");
        return coturn;
    }
}
