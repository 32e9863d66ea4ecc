package dev.starling.sip.locating;

/// A server that may be asked next.
///
/// @param host a name, or an address as a URI has it
/// @param domain as the URI names it: what a certificate must be for, wherever the DNS leads (RFC 5922, section 7.2)
public record Hop(Transport transport, String host, int port, String domain) {
    /// How SIP goes there; [#port] unless something else is said (RFC 3261, section 19.1.2).
    public enum Transport {
        UDP("_sip._udp.", 5060),
        TCP("_sip._tcp.", 5060),
        TLS("_sips._tcp.", 5061);

        private final String service;
        private final int port;

        Transport(String service, int port) {
            this.service = service;
            this.port = port;
        }

        /// In front of a domain: the name of its SRV records.
        String service() {
            return service;
        }

        int port() {
            return port;
        }
    }
}
