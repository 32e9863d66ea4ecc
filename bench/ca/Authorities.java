import java.io.FileInputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// The CAs, each in a process of its own on the loopback: ours as `./starling ca --local` runs it, Debian's PostgreSQL
/// under it or not, and Debian's Pebble.
final class Authorities {
    private Authorities() {}

    /// @param process of the CA; its CPU counts
    /// @param database whose CPU counts too
    record Running(AcmeLoad load, Measured process, Optional<Measured> database) implements AutoCloseable {
        double cpu() throws IOException {
            return process.cpu() + (database.isPresent() ? database.get().cpu() : 0);
        }

        @Override
        public void close() {
            process.close();
            database.ifPresent(Measured::close);
        }
    }

    static Running ours(Path out, String name, Optional<String> database, Optional<Measured> server)
            throws Exception {
        int port = free();
        var words = new ArrayList<>(List.of(
                "dev.starling.cli.Main",
                "ca",
                "--local",
                "--port",
                String.valueOf(port),
                "--data",
                out.resolve(name).toString()));
        database.ifPresent(url -> words.addAll(List.of("--database", url)));
        var process = Measured.java(out.resolve(name + ".log"), words.toArray(String[]::new));
        process.await("ready ");
        String base = "http://127.0.0.1:" + port;
        return new Running(
                new AcmeLoad(
                        URI.create(base + "/acme/directory"),
                        new AcmeLoad.Code(base + "/mailbox/api/"),
                        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()),
                process,
                server);
    }

    /// With fsync, as it comes.
    static Running onPostgreSql(Path out) throws Exception {
        Path data = Files.createTempDirectory("bench-ca-postgresql");
        boolean root = "root".equals(System.getProperty("user.name"));
        // It refuses to run as root.
        List<String> as = root ? List.of("runuser", "-u", "postgres", "--") : List.of();
        if (root) run(List.of("chown", "postgres", data.toString()));
        String programs = programs().toString();
        run(joined(as, programs + "/initdb", "-D", data + "/data", "-U", "ca", "--auth=trust", "-E", "UTF8"));
        int port = free();
        var server = new Measured(
                out.resolve("postgresql-server.log"),
                joined(as, programs + "/postgres", "-D", data + "/data", "-p", String.valueOf(port), "-k", data.toString(),
                        "-c", "listen_addresses=127.0.0.1"));
        server.await("ready to accept connections");
        String url = "jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=ca";
        return ours(out, "postgresql", Optional.of(url), Optional.of(server));
    }

    private static Path programs() throws IOException {
        try (Stream<Path> versions = Files.list(Path.of("/usr/lib/postgresql"))) {
            return versions.map(each -> each.resolve("bin")).max(Path::compareTo).orElseThrow();
        }
    }

    static Running pebble(Path out) throws Exception {
        int port = free(), management = free();
        Path certificate = out.resolve("pebble.crt"), key = out.resolve("pebble.key");
        run(List.of("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key.toString(),
                "-out", certificate.toString()));
        Path config = out.resolve("pebble.json");
        Files.writeString(config, """
                {"pebble": {"listenAddress": "127.0.0.1:%d", "managementListenAddress": "127.0.0.1:%d", "certificate": "%s",
                 "privateKey": "%s", "httpPort": 5002, "tlsPort": 5001, "ocspResponderURL": "",
                 "externalAccountBindingRequired": false}}
                """.formatted(port, management, certificate.toAbsolutePath(), key.toAbsolutePath()));
        var process = new Measured(
                out.resolve("pebble.log"),
                List.of("env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_VA_ALWAYS_VALID=1", "PEBBLE_WFE_NONCEREJECT=0",
                        "PEBBLE_AUTHZREUSE=0", "pebble", "-config", config.toString()));
        process.await("ACME directory available");
        return new Running(
                new AcmeLoad(
                        URI.create("https://127.0.0.1:" + port + "/dir"),
                        new AcmeLoad.Http(),
                        HttpClient.newBuilder()
                                .version(HttpClient.Version.HTTP_1_1)
                                .sslContext(believing(certificate))
                                .build()),
                process,
                Optional.empty());
    }

    private static SSLContext believing(Path certificate) throws GeneralSecurityException, IOException {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (var in = new FileInputStream(certificate.toFile())) {
            store.setCertificateEntry("pebble", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        var context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static int free() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static List<String> joined(List<String> as, String... command) {
        var all = new ArrayList<>(as);
        all.addAll(List.of(command));
        return all;
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) throw new IOException(command.getFirst() + ": " + said);
    }
}
