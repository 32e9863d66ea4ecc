/// Ways through network address translators: STUN and TURN; knows no SIP and no user.
@org.jspecify.annotations.NullMarked
package dev.starling.nat;
