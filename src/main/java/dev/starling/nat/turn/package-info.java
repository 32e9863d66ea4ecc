/// Traversal Using Relays around NAT, RFC 8656: a relay for those who cannot reach each other directly.
@org.jspecify.annotations.NullMarked
package dev.starling.nat.turn;
