/// Session descriptions, RFC 8866, and what offers and answers (RFC 3264) say in them about sound.
@org.jspecify.annotations.NullMarked
package dev.starling.sdp;
