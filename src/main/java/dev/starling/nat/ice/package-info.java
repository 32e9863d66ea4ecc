/// Interactive Connectivity Establishment, RFC 8445: one agent as a value, without sockets, threads or a clock.
@org.jspecify.annotations.NullMarked
package dev.starling.nat.ice;
