package dev.starling.mail;

import java.io.IOException;
import java.util.List;

/// Where the public keys of domains come from (RFC 6376, section 3.6.2).
public interface DkimKeys {
    /// @param txt the records found, the strings of each joined; empty when there are none
    /// @param authentic a resolver that is believed says that DNSSEC vouches for it (RFC 4035, section 3.2.3)
    record Answer(List<String> txt, boolean authentic) {
        public Answer {
            txt = List.copyOf(txt);
        }
    }

    /// The records at `selector._domainkey.domain`.
    ///
    /// @throws IOException nobody answered, or with an error; another attempt may succeed
    Answer find(String selector, String domain) throws IOException;
}
