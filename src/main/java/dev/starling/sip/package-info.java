/// The Session Initiation Protocol, RFC 3261; knows no DHT and no user.
@org.jspecify.annotations.NullMarked
package dev.starling.sip;
