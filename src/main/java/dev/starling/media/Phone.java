package dev.starling.media;

import java.net.InetAddress;

/// The phone at one end.
///
/// @param account who is charged with the bridge
/// @param source where its SIP flow comes from: its sound may come from there too, whatever it says of itself
/// @param isSecure whether it is offered SDES (RFC 4568) rather than plain RTP
public record Phone(String account, InetAddress source, boolean isSecure) {}
