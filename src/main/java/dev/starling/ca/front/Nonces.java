package dev.starling.ca.front;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/// Replay nonces (RFC 8555, section 6.5): each counts once; the oldest unused ones are forgotten.
final class Nonces {
    private static final int MAX = 50_000;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Boolean> open = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MAX;
        }
    };

    synchronized String fresh() {
        byte[] bytes = new byte[16];
        random.nextBytes(bytes);
        String nonce = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        open.put(nonce, true);
        return nonce;
    }

    synchronized boolean use(String nonce) {
        return open.remove(nonce) != null;
    }
}
