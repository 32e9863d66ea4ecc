import dev.starling.phone.Ha1;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// So many SIP phones with one password, each at an address of its own in 127.0.0.0/8, so that what is bounded for a
/// network is bounded for each of them. What a phone remembers is its nonce.
final class Phones {
    static final String REALM = "bench";
    static final Ha1 HA1 = Ha1.of("all", REALM, "a password of twenty");

    private final byte[][] addresses;
    private final String[] nonces, texts;
    private final int[] counts, numbers;
    private final MessageDigest sha256 = sha256();
    private final int port;

    /// @param port of each of them
    Phones(int count, int port) throws UnknownHostException {
        this.port = port;
        addresses = new byte[count][];
        texts = new String[count];
        nonces = new String[count];
        counts = new int[count];
        numbers = new int[count];
        for (int i = 0; i < count; i++) {
            int network = i % 65_000 + 256;
            addresses[i] = new byte[] {127, (byte) (network >> 8), (byte) network, (byte) (1 + i / 65_000)};
            texts[i] = InetAddress.getByAddress(addresses[i]).getHostAddress();
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    int port() {
        return port;
    }

    int size() {
        return addresses.length;
    }

    InetAddress address(int phone) {
        try {
            return InetAddress.getByAddress(addresses[phone]);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Host and port as the phone writes them.
    String at(int phone) {
        return texts[phone] + ":" + port;
    }

    /// Of the next request of this phone.
    int number(int phone) {
        return ++numbers[phone];
    }

    void asked(int phone, String nonce) {
        nonces[phone] = nonce;
        counts[phone] = 0;
    }

    /// A whole header line, or nothing before anybody has asked.
    String credentials(int phone, String method, String uri) {
        String nonce = nonces[phone];
        if (nonce == null) return "";
        String nc = HexFormat.of().toHexDigits(++counts[phone]), cnonce = "c0ffee" + nc;
        String response =
                hash(HA1.sha256() + ":" + nonce + ":" + nc + ":" + cnonce + ":auth:" + hash(method + ":" + uri));
        return (method.equals("REGISTER") ? "Authorization" : "Proxy-Authorization") + ": Digest username=\"u" + phone
                + "\", realm=\"" + REALM + "\", nonce=\"" + nonce + "\", uri=\"" + uri + "\", response=\"" + response
                + "\", algorithm=SHA-256, cnonce=\"" + cnonce + "\", qop=auth, nc=" + nc + "\r\n";
    }

    private String hash(String text) {
        return HexFormat.of().formatHex(sha256.digest(text.getBytes(StandardCharsets.ISO_8859_1)));
    }
}
