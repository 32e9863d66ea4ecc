package dev.starling.media;

/// Why a bridge or a leg is over.
public enum End {
    /// Closed by who made it.
    CLOSED,
    /// Neither side sent anything for long.
    SILENT,
    /// Nobody answered.
    UNANSWERED,
    /// ICE found no way, or the other side stopped answering.
    ICE_FAILED,
    DTLS_FAILED,
    /// The certificate in DTLS was not the one in the description.
    WRONG_FINGERPRINT,
    /// The other side closed DTLS.
    GOODBYE
}
