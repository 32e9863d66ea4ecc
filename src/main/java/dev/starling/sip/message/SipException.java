package dev.starling.sip.message;

import java.util.List;

/// What came from the network is not acceptable; `status`, the reason and the headers are what the answer says.
public final class SipException extends Exception {
    private static final long serialVersionUID = 1;
    private final int status;
    private final transient List<Header> headers;

    /// A header that the answer must carry, such as Unsupported with 420.
    public record Header(String name, String value) {}

    /// What `reason` holds of others' bytes is made printable: it goes back in a status line.
    public SipException(int status, String reason, Header... headers) {
        super(printable(reason));
        this.status = status;
        this.headers = List.of(headers);
    }

    public int status() {
        return status;
    }

    public String reason() {
        return String.valueOf(getMessage());
    }

    public List<Header> headers() {
        return headers;
    }

    private static String printable(String reason) {
        var plain = new StringBuilder(reason.length());
        for (int i = 0; i < reason.length(); i++) {
            char c = reason.charAt(i);
            plain.append(c >= 0x20 && c < 0x7f ? c : '?');
        }
        return plain.toString();
    }
}
