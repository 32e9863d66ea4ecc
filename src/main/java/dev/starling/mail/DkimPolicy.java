package dev.starling.mail;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Which header fields a signature must cover, at least.
public enum DkimPolicy {
    /// What signatures of the large providers and of OpenDKIM as it comes cover, and all that is decided on; OpenDKIM
    /// leaves Message-ID out, on which nothing depends. RFC 8823's list is longer, and none
    /// of ten signatures of Gmail that were read covers it.
    PRACTICAL,

    /// RFC 8823, section 3.2: also what is absent must be listed, so that it cannot be added.
    STRICT,

    /// RFC 8823, section 3.1: of a challenge, `Auto-Submitted` too.
    CHALLENGE;

    private static final Set<String> DECIDED_ON = Set.of("from", "to", "subject", "date");
    private static final Set<String> RFC_8823 = Set.of(
            "from",
            "sender",
            "reply-to",
            "to",
            "cc",
            "subject",
            "date",
            "in-reply-to",
            "references",
            "message-id",
            "content-type",
            "content-transfer-encoding");

    private static final Set<String> OF_CHALLENGE =
            Stream.concat(RFC_8823.stream(), Stream.of("auto-submitted")).collect(Collectors.toUnmodifiableSet());

    /// In lower case.
    Set<String> headers() {
        return switch (this) {
            case PRACTICAL -> DECIDED_ON;
            case STRICT -> RFC_8823;
            case CHALLENGE -> OF_CHALLENGE;
        };
    }
}
