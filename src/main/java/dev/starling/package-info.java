/// Starling: call and message any e-mail address, peer to peer. The rooms and the arrows between them are in
/// ARCHITECTURE.md.
@org.jspecify.annotations.NullMarked
package dev.starling;
