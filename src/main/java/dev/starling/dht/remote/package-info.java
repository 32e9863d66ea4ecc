/// The DHT engine that is another peer's store, reached over REST.
@org.jspecify.annotations.NullMarked
package dev.starling.dht.remote;
