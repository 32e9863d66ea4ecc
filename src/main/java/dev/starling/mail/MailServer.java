package dev.starling.mail;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;
import javax.net.ssl.SSLSocketFactory;

/// A mail server that somebody logs in to, by IMAP or SMTP.
///
/// @param security with STARTTLS and TLS the server's certificate must name the host
/// @param patience for connecting and each answer
/// @param trust whom to believe; empty for the certificates that the Java runtime knows
public record MailServer(
        String host,
        int port,
        Security security,
        String user,
        String password,
        Duration patience,
        Optional<SSLSocketFactory> trust) {
    public static final Duration PATIENCE = Duration.ofSeconds(60);

    /// How the connection is protected.
    public enum Security {
        /// For the own computer only: TLS where the server has it, whatever its certificate.
        PLAIN,
        STARTTLS,
        TLS;

        /// @param tlsPort on which TLS begins at once
        public static Security at(String host, int port, int tlsPort) throws IOException {
            if (isHere(host)) return PLAIN;
            return port == tlsPort ? TLS : STARTTLS;
        }
    }

    /// Whether a host is this computer, by what was typed alone: what another name leads to may be somewhere else when
    /// it is
    /// asked for again.
    public static boolean isHere(String host) throws IOException {
        boolean isLiteral = host.matches("[0-9.]+|.*:.*");
        return host.equalsIgnoreCase("localhost")
                || isLiteral && InetAddress.getByName(host).isLoopbackAddress();
    }

    /// @param protocol `imap` or `smtp`, as the mail library names it
    public Properties settings(String protocol) {
        var settings = new Properties();
        String at = "mail." + protocol + ".";
        settings.put(at + "ssl.enable", String.valueOf(security == Security.TLS));
        settings.put(at + "starttls.enable", String.valueOf(security != Security.TLS));
        settings.put(at + "starttls.required", String.valueOf(security == Security.STARTTLS));
        // Some servers want TLS on the loopback, too, and have a certificate for their name outside. Nothing is lost:
        // without
        // TLS it would be in the clear there.
        settings.put(at + "ssl.checkserveridentity", String.valueOf(security != Security.PLAIN));
        if (security == Security.PLAIN) settings.put(at + "ssl.trust", "*");
        trust.ifPresent(factory -> settings.put(at + "ssl.socketFactory", factory));
        for (String kind : new String[] {"connectiontimeout", "timeout", "writetimeout"})
            settings.put(at + kind, String.valueOf(patience.toMillis()));
        settings.put(at + "auth", "true");
        return settings;
    }

    /// Without the password.
    @Override
    public String toString() {
        return user + " at " + host + ":" + port;
    }
}
