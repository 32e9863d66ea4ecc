/// Sound between phones that speak plain RTP and browsers that speak ICE and DTLS-SRTP: packets are carried over, never
/// decoded.
@org.jspecify.annotations.NullMarked
package dev.starling.media;
