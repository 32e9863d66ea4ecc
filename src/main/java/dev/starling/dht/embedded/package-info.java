/// The DHT engine in our own process: one persistent, bounded store.
@org.jspecify.annotations.NullMarked
package dev.starling.dht.embedded;
