package dev.starling.ca.front;

import java.io.IOException;

/// What makes each signed request count once (RFC 8555, section 6.5).
interface Nonces {
    /// A new one, base64url.
    String fresh();

    /// Whether it is one of ours, not too old, and was never used; from now on it was.
    boolean use(String nonce) throws IOException;
}
