/// What lies in the DHT: signed records, sealed for those who know the address.
@org.jspecify.annotations.NullMarked
package dev.starling.record;
