package dev.starling.phone;

import dev.starling.sip.message.SipMessage;
import java.util.LinkedHashMap;
import java.util.Map;

/// Calls that have come already. A caller who hears nothing for a moment sends a copy along another way, which is the
/// same call: Call-ID, From tag and CSeq (RFC 3261, section 8.2.2.2). Bounded: the oldest are forgotten.
final class SeenCalls {
    private static final int MAX = 200;
    private final Map<String, Boolean> keys = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > MAX;
        }
    };

    /// False: it is a copy of one that came before.
    synchronized boolean isFirst(SipMessage invite) {
        String key = invite.callId() + " " + invite.fromTag().orElse("") + " " + invite.cseq();
        return keys.putIfAbsent(key, true) == null;
    }
}
