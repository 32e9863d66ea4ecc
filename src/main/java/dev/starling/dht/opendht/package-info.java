/// The DHT engine that is a network of OpenDHT nodes, reached through the REST proxies of some of them.
@org.jspecify.annotations.NullMarked
package dev.starling.dht.opendht;
