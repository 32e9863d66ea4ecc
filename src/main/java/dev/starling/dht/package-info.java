/// The one interface to any DHT engine: opaque values under 20-byte keys.
@org.jspecify.annotations.NullMarked
package dev.starling.dht;
