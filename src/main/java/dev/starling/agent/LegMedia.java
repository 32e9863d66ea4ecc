package dev.starling.agent;

import dev.starling.sip.message.SipException;

/// The sound of one leg of a call, as whoever signs and carries its session descriptions sees it.
public interface LegMedia extends AutoCloseable {
    /// The offer to this one device (RFC 3264).
    byte[] offer() throws SipException;

    /// Its answer, signed by it. A [SipException] when it cannot be used.
    void answered(byte[] sdp) throws SipException;

    @Override
    void close();
}
