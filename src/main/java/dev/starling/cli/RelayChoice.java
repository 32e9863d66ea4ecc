package dev.starling.cli;

import java.net.InetAddress;
import java.util.List;

/// Which relay (RFC 8656) the clients of a server are sent to.
sealed interface RelayChoice {
    /// None: only who can reach the other side directly hears it.
    record None() implements RelayChoice {}

    /// In this process.
    ///
    /// @param port where clients ask, by UDP and TCP
    /// @param tlsPort the same by TLS, where the server has a certificate; 0 for none
    /// @param firstPort ports of UDP from here to the last one are where their peers see them
    /// @param addresses as others see this host; empty: those of its name
    record Own(int port, int tlsPort, int firstPort, int lastPort, List<InetAddress> addresses) implements RelayChoice {
        public Own {
            addresses = List.copyOf(addresses);
        }
    }

    /// Others that know the secret, as coturn does with use-auth-secret.
    record Other(List<String> uris, String secret) implements RelayChoice {
        public Other {
            uris = List.copyOf(uris);
        }

        @Override
        public String toString() {
            return "Other[" + uris + "]";
        }
    }
}
