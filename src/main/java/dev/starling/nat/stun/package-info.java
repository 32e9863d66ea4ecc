/// Session Traversal Utilities for NAT, RFC 8489: messages and how they are protected.
@org.jspecify.annotations.NullMarked
package dev.starling.nat.stun;
