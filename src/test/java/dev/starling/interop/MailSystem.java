package dev.starling.interop;

import dev.starling.FreePort;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Assumptions;

/// The mail system of `example.net` as Debian has it: Postfix takes mails for its users and sends theirs, OpenDKIM
/// signs
/// those, Dovecot keeps mailboxes and knows passwords, dnsmasq publishes keys. All of it is configured in one temporary
/// folder, on free ports of the loopback, and ends with the test; no service of the system is touched.
final class MailSystem implements AutoCloseable {
    static final String DOMAIN = "example.net", CA_DOMAIN = "ca.example", PASSWORD = "correct horse";
    private static final String TO_THE_CA = "smtp:[127.0.0.1]:{ca}";
    private static final int PATIENCE_SECONDS = 30;
    private static final List<String> PROGRAMS = List.of(
            "/usr/lib/postfix/sbin/master",
            "/usr/sbin/postfix",
            "/usr/sbin/dovecot",
            "/usr/lib/dovecot/lmtp",
            "/usr/lib/dovecot/imap",
            "/usr/lib/dovecot/pop3",
            "/usr/sbin/opendkim",
            "/usr/sbin/dnsmasq",
            "/usr/bin/openssl");

    private final Path folder;
    private final Map<String, Integer> ports = new LinkedHashMap<>();
    private final List<Process> running = new ArrayList<>();
    private final KeyPair key;
    private final String route;

    /// Mails for the CA go to it by SMTP. Nothing runs yet.
    MailSystem(String... users) throws Exception {
        this(assumed(TO_THE_CA), users);
    }

    /// The CA has a mailbox here, too: `acme@ca.example`.
    static MailSystem withMailboxOfTheCa(String... users) throws Exception {
        return new MailSystem(assumed("lmtp:inet:127.0.0.1:{lmtp}"), users);
    }

    /// A test without root, or without these programs, is skipped with its reason.
    private static String assumed(String route) {
        Assumptions.assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "the real mail path needs root: Postfix and Dovecot do");
        for (String program : PROGRAMS)
            Assumptions.assumeTrue(
                    Files.isExecutable(Path.of(program)),
                    program
                            + " is missing (RUNLEVEL=1 apt-get install postfix dovecot-imapd dovecot-pop3d dovecot-lmtpd"
                            + " opendkim dnsmasq-base openssl)");
        return route;
    }

    /// For tests in another language. Arguments: users. Says its ports, `name=port` each; takes a line `NAME TEXT`, the
    /// record of the CA's key; says `ready`; ends with its input.
    public static void main(String[] users) throws Exception {
        try (var mail = new MailSystem(TO_THE_CA, users);
                var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            System.out.println("folder=" + mail.folder);
            mail.ports.forEach((name, port) -> System.out.println(name + "=" + port));
            System.out.println();
            String record = in.readLine();
            if (record == null) return;
            int blank = record.indexOf(' ');
            mail.start(Map.of(record.substring(0, blank), record.substring(blank + 1)));
            System.out.println("ready");
            while (in.readLine() != null) {}
        }
    }

    private MailSystem(String route, String... users) throws Exception {
        this.route = route;
        folder = Files.createTempDirectory("mail");
        // Postfix and Dovecot run as users of their own.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String name : List.of("mx", "signed", "unsigned", "imap", "pop3", "lmtp", "auth", "milter", "dns", "ca"))
            ports.put(name, FreePort.next());
        var generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        key = generator.generateKeyPair();
        write(users);
    }

    /// `mx`, `signed` and `unsigned` (where users hand in mails), `imap`, `pop3`, `dns`, and `ca`, where Postfix takes
    /// mails for the CA.
    int port(String name) {
        return ports.get(name);
    }

    private String filled(String template) {
        String all = template.replace("{T}", folder.toString()).replace("{route}", route);
        for (var each : ports.entrySet())
            all = all.replace("{" + each.getKey() + "}", each.getValue().toString());
        return all;
    }

    private void write(String... users) throws Exception {
        for (String name : List.of("postfix", "queue", "data", "mail", "run"))
            Files.createDirectory(folder.resolve(name));
        run("chown", "postfix", folder.resolve("data").toString());
        run("chown", "mail:mail", folder.resolve("mail").toString());
        Files.writeString(folder.resolve("postfix/main.cf"), filled(MAIN_CF));
        Files.writeString(folder.resolve("postfix/master.cf"), filled(MASTER_CF));
        Files.writeString(folder.resolve("dovecot.conf"), filled(DOVECOT));
        Files.writeString(folder.resolve("opendkim.conf"), filled(OPENDKIM));
        var lines = new StringBuilder();
        // 8 is `mail` on every Debian.
        for (String user : users)
            lines.append(user)
                    .append("@" + DOMAIN + ":{PLAIN}" + PASSWORD + ":8:8::" + folder + "/mail/" + user + "::\n");
        lines.append("acme@" + CA_DOMAIN + ":{PLAIN}" + PASSWORD + ":8:8::" + folder + "/mail/acme::\n");
        Files.writeString(folder.resolve("users"), lines);
        String pem = "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'})
                        .encodeToString(key.getPrivate().getEncoded())
                + "\n-----END PRIVATE KEY-----\n";
        Files.writeString(folder.resolve("dkim.pem"), pem);
        run(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
                "-keyout",
                folder.resolve("key.pem").toString(),
                "-out",
                folder.resolve("cert.pem").toString());
        // Makes the folders of its queue.
        run("postfix", "-c", folder.resolve("postfix").toString(), "check");
    }

    private static void run(String... command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) throw new IOException(String.join(" ", command) + ": " + said);
    }

    /// @param records of the CA's domain, `name` to `text`
    void start(Map<String, String> records) throws Exception {
        var txt = new HashMap<>(records);
        txt.put(
                "mail._domainkey." + DOMAIN,
                "v=DKIM1; k=rsa; p="
                        + Base64.getEncoder().encodeToString(key.getPublic().getEncoded()));
        begin("dns", dnsmasq(txt));
        begin(
                "opendkim",
                List.of("opendkim", "-f", "-x", folder.resolve("opendkim.conf").toString()));
        dovecot();
        begin(
                "postfix",
                List.of(PROGRAMS.getFirst(), "-c", folder.resolve("postfix").toString(), "-d"));
        for (String name : List.of("dns", "milter", "lmtp", "imap", "pop3", "auth", "mx", "signed", "unsigned"))
            await(name);
    }

    private void dovecot() throws IOException {
        begin(
                "dovecot",
                List.of("dovecot", "-F", "-c", folder.resolve("dovecot.conf").toString()));
    }

    /// The server of the mailboxes ends, is away for a moment, and begins anew.
    void restartDovecot(Runnable meanwhile) throws Exception {
        Process old = running.get(2);
        old.destroy();
        if (!old.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) throw new IOException("Dovecot does not end");
        meanwhile.run();
        dovecot();
        for (String name : List.of("lmtp", "imap", "pop3", "auth")) await(name);
    }

    private List<String> dnsmasq(Map<String, String> txt) {
        var command = new ArrayList<>(List.of(
                "dnsmasq",
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--no-resolv",
                "--no-hosts",
                "--pid-file=",
                "--user=root",
                "--port=" + port("dns"),
                "--listen-address=127.0.0.1",
                "--bind-interfaces",
                "--local=/net/",
                "--local=/example/",
                "--mx-host=" + DOMAIN + ",mail." + DOMAIN + ",10",
                "--mx-host=" + CA_DOMAIN + ",mail." + CA_DOMAIN + ",10"));
        // Strings of a record have 255 characters at the most.
        txt.forEach(
                (name, text) -> command.add("--txt-record=" + name + "," + text.replaceAll("(.{250})(?=.)", "$1,")));
        return command;
    }

    private void begin(String name, List<String> command) throws IOException {
        var builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile());
        builder.environment().put("MAIL_CONFIG", folder.resolve("postfix").toString());
        running.add(builder.start());
    }

    private void await(String name) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true)
            try (var socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port(name)), 1_000);
                return;
            } catch (IOException e) {
                if (System.nanoTime() > end) throw new IOException(name + " does not start: " + logs(), e);
                Thread.sleep(20);
            }
    }

    /// Everything that the servers said, for whoever looks for the reason of a failure.
    String logs() throws IOException {
        var all = new StringBuilder();
        try (var files = Files.list(folder)) {
            for (Path each : files.filter(file -> file.toString().endsWith(".log"))
                    .sorted()
                    .toList()) all.append(each.getFileName()).append(":\n").append(Files.readString(each));
        }
        return all.toString();
    }

    /// Believes the certificate of these servers.
    SSLSocketFactory trust() throws IOException, GeneralSecurityException {
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        store.setCertificateEntry(
                "mail",
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(folder.resolve("cert.pem")))));
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        var context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context.getSocketFactory();
    }

    @Override
    public void close() throws IOException {
        for (var each : running.reversed()) each.destroy();
        for (var each : running) ended(each);
        try (var all = Files.walk(folder)) {
            for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) Files.deleteIfExists(each);
        }
    }

    private static void ended(Process process) {
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static final String MAIN_CF = """
            compatibility_level = 3.6
            queue_directory = {T}/queue
            data_directory = {T}/data
            command_directory = /usr/sbin
            daemon_directory = /usr/lib/postfix/sbin
            mail_owner = postfix
            setgid_group = postdrop
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            myhostname = mail.example.net
            mydestination =
            local_recipient_maps =
            alias_maps =
            mynetworks = 127.0.0.0/8
            smtpd_relay_restrictions = permit_mynetworks, reject
            virtual_mailbox_domains = example.net
            virtual_mailbox_maps = static:all
            virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
            transport_maps = inline:{ ca.example={route} }
            smtpd_tls_cert_file = {T}/cert.pem
            smtpd_tls_key_file = {T}/key.pem
            smtpd_sasl_type = dovecot
            smtpd_sasl_path = inet:127.0.0.1:{auth}
            smtputf8_enable = no
            queue_run_delay = 2s
            minimal_backoff_time = 2s
            maximal_backoff_time = 4s
            maillog_file_prefixes = {T}
            maillog_file = {T}/postfix-mail.log
            """;

    private static final String MASTER_CF = """
            {mx} inet n - n - - smtpd
            {signed} inet n - n - - smtpd
              -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes -o smtpd_tls_auth_only=yes
              -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
              -o smtpd_milters=inet:127.0.0.1:{milter} -o milter_default_action=tempfail
            {unsigned} inet n - n - - smtpd
              -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes -o smtpd_tls_auth_only=yes
              -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
            cleanup unix n - n - 0 cleanup
            qmgr unix n - n 300 1 qmgr
            tlsmgr unix - - n 1000? 1 tlsmgr
            rewrite unix - - n - - trivial-rewrite
            bounce unix - - n - 0 bounce
            defer unix - - n - 0 bounce
            trace unix - - n - 0 bounce
            verify unix - - n - 1 verify
            proxymap unix - - n - - proxymap
            smtp unix - - n - - smtp
            relay unix - - n - - smtp
            error unix - - n - - error
            retry unix - - n - - error
            discard unix - - n - - discard
            lmtp unix - - n - - lmtp
            anvil unix - - n - 1 anvil
            scache unix - - n - 1 scache
            postlog unix-dgram n - n - 1 postlogd
            """;

    private static final String DOVECOT = """
            base_dir = {T}/run
            state_dir = {T}/run
            log_path = /dev/stderr
            protocols = imap pop3 lmtp
            listen = 127.0.0.1
            ssl = required
            ssl_cert = <{T}/cert.pem
            ssl_key = <{T}/key.pem
            mail_location = maildir:{T}/mail/%n
            first_valid_uid = 1
            passdb {
              driver = passwd-file
              args = scheme=PLAIN username_format=%u {T}/users
            }
            userdb {
              driver = passwd-file
              args = username_format=%u {T}/users
            }
            service imap-login {
              inet_listener imap {
                port = {imap}
              }
              inet_listener imaps {
                port = 0
              }
            }
            service pop3-login {
              inet_listener pop3 {
                port = {pop3}
              }
              inet_listener pop3s {
                port = 0
              }
            }
            service lmtp {
              inet_listener lmtp {
                address = 127.0.0.1
                port = {lmtp}
              }
            }
            service auth {
              inet_listener {
                address = 127.0.0.1
                port = {auth}
              }
            }
            """;

    private static final String OPENDKIM = """
            Domain example.net
            Selector mail
            KeyFile {T}/dkim.pem
            Socket inet:{milter}@127.0.0.1
            Mode s
            Canonicalization relaxed/simple
            OversignHeaders From
            Syslog no
            RequireSafeKeys no
            PidFile {T}/run/opendkim.pid
            """;
}
